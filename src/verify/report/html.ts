/** Text that is HTML already: everything else that gets into a page is escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | null | readonly Part[]

/** A piece of a page. What is put in is escaped, unless it is a piece itself; null is nothing; lists are joined. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    dense(strings)
      .map((text, index) => text + textOf(parts[index] ?? null))
      .join(''),
  )
}

const denseStrings = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The indentation of a template in its source is not worth a place in the page: with a thousand rows it is most of it. */
function dense(strings: TemplateStringsArray): readonly string[] {
  const known = denseStrings.get(strings)
  if (known !== undefined) return known
  const made = strings.map((text) => text.replaceAll(/\n\s*/g, '\n'))
  denseStrings.set(strings, made)
  return made
}

/** For text of ours that holds no data of anybody: the style sheet, a drawing's path. */
export function trusted(text: string): Html {
  return new Html(text)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function textOf(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(textOf).join('')
  return escapeHtml(String(part))
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
