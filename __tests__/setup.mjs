import { runInThisContext } from 'node:vm'

/**
 * Node's own default. With Jest's limit of 100 frames, the stacks that `expect` and aborts record take most of the time
 * of tests with many steps. The errors of Node's modules belong to another realm than those of the tests.
 */
for (const constructor of [Error, runInThisContext('Error')]) constructor.stackTraceLimit = 10
