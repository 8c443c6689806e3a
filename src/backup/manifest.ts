import type { Epoch } from '../insync/record.ts'
import { invalidBackup } from './invalid.ts'

/** What a backup says about itself. In the file it stands before the data. */
export interface BackupManifest {
  /** ISO 8601. Everything that was answered before this moment is in the file. */
  readonly created: string
  /** Name of the deployment that it is of. */
  readonly deployment: string
  /** Versions of what wrote it. */
  readonly holdfast: string
  readonly server: { readonly name: string; readonly version: string }
  /** The replica that the data came from. */
  readonly node: string
  /** The reign under which the replica was in sync, and the commit that it had to have. */
  readonly epoch: Epoch
  readonly commits: number
  /** Databases that clients could select. The one above them holds Holdfast's own, which is not restored. */
  readonly databases: number
  /** The effective spec. The values of `app.env` are left out: they may be secrets. */
  readonly spec: Readonly<Record<string, unknown>>
}

/** @throws HoldfastError BACKUP_INVALID */
export function parseManifest(text: string, file: string): BackupManifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalidBackup(file, 'its manifest is damaged', cause)
  }
  if (!isManifest(value)) throw invalidBackup(file, 'its manifest is damaged')
  return value
}

function isManifest(value: unknown): value is BackupManifest {
  const manifest = record(value)
  const server = record(manifest.server)
  const epoch = record(manifest.epoch)
  return (
    [manifest.created, manifest.deployment, manifest.holdfast, manifest.node].every(isText) &&
    [server.name, server.version].every(isText) &&
    [epoch.number, epoch.node, manifest.commits, manifest.databases].every(isNatural) &&
    typeof manifest.spec === 'object' &&
    manifest.spec !== null
  )
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

const isText = (value: unknown) => typeof value === 'string'
const isNatural = (value: unknown) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const leftOut = '(not in the backup)'

/** @param spec as writeSpec has it */
export function withoutSecrets(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const app = record(spec.app)
  const env = Object.fromEntries(Object.keys(record(app.env)).map((name) => [name, leftOut]))
  return { ...spec, app: { ...app, env } }
}
