import { expect, test } from 'vitest'
import { features } from './features.ts'

test('FEATURES.md is what the op table says', async () => {
  await expect(features()).toMatchFileSnapshot('../FEATURES.md')
})
