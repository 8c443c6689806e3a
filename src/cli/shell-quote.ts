/** @returns the text as one word of a POSIX shell: in single quotes, in which only a single quote is special */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
