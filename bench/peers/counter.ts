import { runCounter } from '../../src/counter/main.ts'

/** The counter alone, without the command line around it. */
await runCounter({ env: process.env, signal: new AbortController().signal })
