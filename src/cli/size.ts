/** A number of bytes for a person. */
export function inWords(bytes: number): string {
  if (bytes < 2 ** 10) return `${String(bytes)} bytes`
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KB`
  return `${(bytes / 2 ** 20).toFixed(1)} MB`
}
