/** @returns the UTF-8 bytes of a text in base64 */
export function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
