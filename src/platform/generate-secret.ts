import { randomBytes } from 'node:crypto'

/** 192 bits, of letters that need no quoting anywhere. */
export function generateSecret(): string {
  return randomBytes(24).toString('base64url')
}
