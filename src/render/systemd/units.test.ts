import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertGolden } from '../../../test/harness/golden.ts'
import { componentOfUnit, serviceName, sliceName } from './names.ts'
import {
  renderEnvironment,
  renderService,
  renderSlice,
  renderSocket,
  renderTarget,
  type ServiceInput,
} from './units.ts'

const agent: ServiceInput = {
  deployment: 'counter',
  component: 'agent-0',
  description: 'Holdfast: Redis node 0 of counter',
  stateDir: '/var/lib/holdfast/counter',
  user: 'holdfast',
  argv: ['/opt/holdfast/node-24/bin/node', '/opt/holdfast/1/src/cli/main.ts', 'agent', '--node', '0'],
  directory: '/',
  environment: { LANG: 'C.UTF-8' },
  environmentFile: null,
  after: [],
  hasSocket: false,
  memoryMax: null,
  stopSeconds: 60,
  killSignal: 'SIGTERM',
  leavesChildren: true,
  isStranger: false,
  ownDirectory: null,
  fingerprint: 'f0',
}

describe('units', () => {
  it('are as they are to be', () => {
    const app: ServiceInput = {
      ...agent,
      component: 'app-0',
      description: 'Holdfast: instance 0 of counter, 100 %',
      argv: ['/bin/sh', '-c', 'exec ./serve --price "$PRICE" 100%'],
      directory: '/srv/my app',
      environmentFile: '/etc/holdfast/counter/app-0.env',
      after: ['gateway'],
      memoryMax: '512M',
      leavesChildren: false,
      isStranger: true,
      ownDirectory: '/srv/my app',
    }
    const frontDoor: ServiceInput = {
      ...agent,
      component: 'front-door',
      after: ['app-0'],
      hasSocket: true,
      killSignal: 'SIGUSR1',
      leavesChildren: false,
    }
    const units = {
      'holdfast-counter.target': renderTarget('counter'),
      'holdfast-counter.slice': renderSlice('counter'),
      'holdfast-counter-agent-0.service': renderService(agent),
      'holdfast-counter-app-0.service': renderService(app),
      'holdfast-counter-front-door.service': renderService(frontDoor),
      'holdfast-counter-front-door.socket': renderSocket('counter', 'front-door', {
        host: '0.0.0.0',
        port: 8080,
      }),
    }
    const text = Object.entries(units).map(([name, unit]) => `==> ${name}\n${unit}`)
    assertGolden('systemd-units.golden', text.join('\n'))
  })

  it('of deployments whose names begin alike are told apart', () => {
    assert.equal(componentOfUnit('counter', serviceName('counter', 'app-10')), 'app-10')
    assert.equal(componentOfUnit('counter', serviceName('counter-app', 'app-1')), null)
    assert.equal(componentOfUnit('counter', serviceName('counter-gateway', 'gateway')), null)
    assert.equal(componentOfUnit('counter', 'holdfast-counter.target'), null)
    assert.equal(sliceName('my-counter'), String.raw`holdfast-my\x2dcounter.slice`)
  })

  it('have variables of any text', () => {
    const text = renderEnvironment({
      A: 'two words',
      B: 'a "quoted" $dollar `tick` \\ back',
      C: 'two\nlines',
    })
    assert.equal(text, 'A="two words"\nB="a \\"quoted\\" \\$dollar \\`tick\\` \\\\ back"\nC="two\nlines"\n')
  })
})
