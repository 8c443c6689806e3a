import type { VerifyResult } from '../result.ts'
import { charts } from './charts.ts'
import { failoversSection, faultsSection } from './faults-section.ts'
import { html, trusted } from './html.ts'
import { script } from './script.ts'
import { style } from './style.ts'
import { topologySection } from './topology-section.ts'
import { aboutSection, closingSection, verdictSection } from './verdict-section.ts'
import { workloadsSection } from './workloads-section.ts'

/** The whole report: one file that loads nothing, and reads without JavaScript. */
export function renderReport(result: VerifyResult): string {
  const title = `${result.subject.name}: ${result.words[0] ?? result.verdict}`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <main>
          ${verdictSection(result)} ${charts(result)} ${faultsSection(result)} ${workloadsSection(result)}
          ${closingSection(result)} ${failoversSection(result)} ${topologySection(result)}
          ${aboutSection(result)}
          <footer>Holdfast ${result.versions.holdfast ?? ''}</footer>
        </main>
        <script>
          ${trusted(script(result))}
        </script>
      </body>
    </html> `.text
}
