import type { BpfProgram } from '../../../src/bpf/program.js'
import { whole } from '../../../src/problems.js'

export const program: BpfProgram = {
  id: 7,
  name: 'demo_enqueue',
  type: 'struct_ops',
  tag: '7c385e8641d0c039',
  verifiedInstructions: 123,
  xlatedSize: 800,
  jitedSize: whole(500),
  runCount: 2n ** 60n,
  runTime: 5n,
  recursionMisses: 0n,
  mapIds: [3, 4],
  btfId: 12,
  loadTime: 4594202839n,
  address: 0xff204398c2355400n,
  jitedAddress: 0n,
}
