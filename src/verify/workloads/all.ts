import { append } from './append.ts'
import { counter } from './counter.ts'
import { getsetApp } from './getset-app.ts'
import { impatient } from './impatient.ts'
import { incr } from './incr.ts'
import { register } from './register.ts'
import { transaction } from './transaction.ts'
import type { Workload } from './workload.ts'

/** In the order in which `--list` names them. */
export const workloads: readonly Workload[] = [
  counter,
  incr,
  append,
  register,
  transaction,
  getsetApp,
  impatient,
]
