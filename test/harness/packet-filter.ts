import { spawnSync } from 'node:child_process'

/** Why no packets can be filtered here, or false: for the `skip` of a test. */
export function noPacketFilter(): string | false {
  const probe = 'table ip holdfast_test {}\ndelete table ip holdfast_test\n'
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
  const { status } = spawnSync('nft', ['-f', '-'], { input: probe, env: { PATH: path } })
  if (status === 0) return false
  if (process.env.CI) throw new Error('the packet filter is needed: root, and the package nftables')
  return 'filtering packets needs root, and the package nftables'
}
