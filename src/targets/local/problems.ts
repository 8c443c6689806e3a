import type { AgentState } from '../../agent/api.ts'
import { nodeProblems } from '../node-problems.ts'
import type { NodeStatus, Problem } from '../status.ts'
import type { Observation } from './observation.ts'

/** What is wrong, each with what to type. Pure. */
export function findProblems(
  seen: Observation,
  nodes: readonly NodeStatus[],
  primary: AgentState | null,
): Problem[] {
  return [
    ...nodeProblems(seen, nodes, primary),
    ...gatewayProblems(seen),
    ...instanceProblems(seen),
    ...frontDoorProblems(seen),
    ...supervisorProblems(seen),
  ]
}

function gatewayProblems({ gateway, topology }: Observation): Problem[] {
  if (gateway !== null) return []
  const { adminHost, adminPort } = topology.gateway
  const message = `the gateway does not answer on ${adminHost}:${String(adminPort)}`
  return [{ code: 'GATEWAY_DOWN', message, hint: './holdfast logs gateway' }]
}

function instanceProblems({ instances, topology }: Observation): Problem[] {
  return instances
    .filter(({ health }) => health !== 200)
    .map(({ index, health, failures, lastLines }) => {
      const name = `app-${String(index)}`
      const tail = lastLines.map((line) => `\n    ${line}`).join('')
      const hint = `./holdfast logs ${name}`
      if (failures >= 3) {
        const message = `${name} ended ${String(failures)} times in a row. Its last lines:${tail}`
        return { code: 'INSTANCE_CRASHING', message, hint }
      }
      return {
        code: 'INSTANCE_UNHEALTHY',
        message: `${name}: GET ${topology.app.healthPath} gives ${String(health)}`,
        hint,
      }
    })
}

function frontDoorProblems({ frontDoor, topology }: Observation): Problem[] {
  if (typeof frontDoor === 'number') return []
  const { host, port } = topology.frontDoor
  const message = `the front door does not answer on ${host}:${String(port)}: ${frontDoor}`
  return [{ code: 'FRONT_DOOR_DOWN', message, hint: './holdfast logs front-door' }]
}

function supervisorProblems({ supervisor }: Observation): Problem[] {
  if (supervisor !== null) return []
  return [
    {
      code: 'SUPERVISOR_DOWN',
      message: 'the supervisor does not run: nothing that dies is started again',
      hint: './holdfast up',
    },
  ]
}
