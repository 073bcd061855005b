/**
 * One seed for all property tests, so that the same commit gets the same verdict twice. `FC_SEED=random npm test`
 * draws another for each test, and `FC_SEED=123` takes that one: a failure prints the seed and the shrunk case,
 * which then goes into the test as an example.
 */

import fc from 'fast-check'

const seed = process.env.FC_SEED ?? '1'
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) })
