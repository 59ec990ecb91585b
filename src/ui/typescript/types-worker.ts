import { parentPort, workerData } from 'node:worker_threads'
import { Btf } from '../../btf/btf.js'
import { importLine } from '../../value/typescript.js'
import { kernelDeclarations } from './kernel-declarations.js'
import { LanguageModel } from './language-model.js'
import type { Answer, Question, WorkerStart } from './worker-protocol.js'

/** The thread in which TypeScript thinks, so that a prompt stays awake meanwhile. */
const { library, surroundings, hash, btf, kernelModule } = workerData as WorkerStart
const model = new LanguageModel(library, surroundings)
const body = hash === undefined ? '' : kernelDeclarations(hash, () => Btf.parse(btf ?? new Uint8Array()))
if (kernelModule !== undefined) model.declare({ [kernelModule]: importLine('cryoscope') + body })

parentPort?.on('message', ({ id, method, args }: Question) => {
  let answer: Answer
  try {
    // The question's method and arguments come as a pair that fits (worker-protocol.ts).
    const work = model[method] as (...args: unknown[]) => unknown
    answer = { id, result: work.apply(model, args as unknown[]) }
  } catch (error) {
    answer = { id, failure: (error as Error).message }
  }
  parentPort?.postMessage(answer)
})
