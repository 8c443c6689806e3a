import { relative } from 'node:path'
import { makePrivateDirectory, writeFileDurably } from '../../platform/files.ts'
import { renderHaproxyCfg } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import type { LocalPaths } from './paths.ts'
import { openFilesLimit } from './state-files.ts'

/** Writes what HAProxy reads when it starts. @param listenFd the descriptor of its listening socket; null: it binds */
export function writeFrontDoorConfig(
  {
    paths,
    topology,
    ready,
  }: { readonly paths: LocalPaths; readonly topology: () => Topology; readonly ready: ReadonlySet<number> },
  listenFd: number | null,
): void {
  makePrivateDirectory(paths.config)
  const cfg = renderHaproxyCfg(topology(), {
    // Relative to the state directory, where HAProxy runs: a socket's path may not be long.
    runtimeSocket: `unix@${relative(paths.stateDir, paths.frontDoorSocket)}`,
    ready: [...ready],
    listenFd,
    maxConnections: Math.min(4096, Math.floor((openFilesLimit() - 200) / 2)),
  })
  writeFileDurably(paths.haproxyCfg, cfg)
}
