import { describeFields, isSection } from './describe.ts'
import type { FieldDescription } from './describe.ts'
import { groupTexts, sectionTexts } from './schema.ts'

const introduction = `<!-- Generated from src/spec/schema.ts by scripts/spec-docs.ts: change it there. -->

# The spec: \`holdfast.yaml\`

One YAML file says what a deployment is. Every field may be left out; an empty file is the bundled counter with all defaults.
A name that is not listed here is an error, and all errors are reported at once, each with its line and what to write instead.
\`./holdfast spec\` prints the effective spec, with every default filled in. A section without anything in it is all defaults.

Ports, addresses and names of a deployment must not collide; that is checked before anything is started.
`

/** @returns the reference of all fields as Markdown */
export function formatReference(): string {
  const fields = describeFields()
  const top = fields.filter(({ path }) => !path.includes('.'))
  const sections = [...new Set(fields.map(({ path }) => path.split('.')[0] ?? '').filter(isSection))]
  const parts = sections.map((section) => {
    const own = fields.filter(({ path }) => path.startsWith(`${section}.`))
    const plain = own.filter(({ path }) => groupOf(path) === undefined)
    const grouped = Object.entries(groupTexts)
      .filter(([group]) => group.startsWith(`${section}.`))
      .map(([group, text]) => {
        const members = own.filter(({ path }) => groupOf(path) === group)
        return `### \`${group}\`\n\n${text}\n\n${members.map(formatField).join('\n')}`
      })
    const parts = [...plain.map(formatField), ...grouped]
    return `## \`${section}\`\n\n${sectionTexts[section]}\n\n${parts.join('\n')}`
  })
  return [introduction, ...top.map(formatField), ...parts].join('\n')
}

function formatField({
  path,
  description,
  accepts,
  default: defaultText,
  example,
  inSpec,
}: FieldDescription): string {
  const names = path.split('.')
  const alone = names
    .map((name, depth) => `${'  '.repeat(depth)}${name}:`)
    .join('\n')
    .concat(` ${example}`)
  const heading = '#'.repeat(names.length + 1)
  return `${heading} \`${path}\`

${description}

- Takes: ${accepts}
- Default: ${formatDefault(defaultText)}

\`\`\`yaml
${inSpec ?? alone}
\`\`\`
`
}

/** @returns `gateway.limits` for `gateway.limits.sessions`, nothing for `gateway.hold` */
function groupOf(path: string): string | undefined {
  const names = path.split('.')
  return names.length === 3 ? names.slice(0, 2).join('.') : undefined
}

/** The value as code, what is said about it as text. */
function formatDefault(text: string): string {
  const [, value, remark] = /^(\S+)( \(.*\))?$/.exec(text) ?? []
  return value === undefined ? text : `\`${value}\`${remark ?? ''}`
}
