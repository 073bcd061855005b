/** Beyond the measured points: what the model says of other sizes, dtypes and devices. */
export function extrapolations(): string[] {
  return []
}
