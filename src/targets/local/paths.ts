import { join } from 'node:path'

/** Where a local deployment keeps what; `stateDir` is `.holdfast/<name>` beside the spec, absolute. */
export function localPaths(stateDir: string) {
  const run = join(stateDir, 'run')
  return {
    stateDir,
    run,
    topology: join(stateDir, 'topology.json'),
    secrets: join(stateDir, 'secrets'),
    password: join(stateDir, 'secrets', 'password'),
    /** While the password is being changed: what comes, what was, what no node may take any more. */
    passwordNext: join(stateDir, 'secrets', 'password.next'),
    passwordOld: join(stateDir, 'secrets', 'password.old'),
    passwordGone: join(stateDir, 'secrets', 'password.gone'),
    internal: join(stateDir, 'secrets', 'internal'),
    config: join(stateDir, 'config'),
    haproxyCfg: join(stateDir, 'config', 'haproxy.cfg'),
    logs: join(stateDir, 'logs'),
    log: (component: string) => join(stateDir, 'logs', `${component}.log`),
    supervisorSocket: join(run, 'supervisor.sock'),
    frontDoorSocket: join(run, 'front-door.sock'),
    /** Taken by the one supervisor, by one `up` at a time. */
    supervisorLock: join(run, 'supervisor.lock'),
    operationLock: join(run, 'operation.lock'),
    /** Taken by the one `verify` that breaks things, then by whoever heals what it left. */
    verifyLock: join(run, 'verify.lock'),
    /** There while it is meant to run: nobody brings a supervisor back after `down`. */
    wanted: join(run, 'wanted'),
    /** How many instances run, while it is not what the topology says. */
    scale: join(run, 'scale.json'),
    /** What a component was started with, so that an adopted one can be compared. */
    fingerprint: (component: string) => join(run, `${component}.fingerprint`),
  }
}

export type LocalPaths = ReturnType<typeof localPaths>
