/** The file that the plugin shares with us, byte offsets as in engine/shared.h. */

/** Changes with the layout; the plugin writes it when it has started. */
export const layoutNumber = 4
/** Changes with what is counted and where a run is stopped: runs and recordings are known by it. */
export const countingNumber = 1

export const words = {
  // Written by the plugin.
  layout: 0,
  count: 8,
  held: 16,
  pc: 24,
  cpu: 32,
  registers: 40,
  after: 168,
  hash: 176,
  tsc: 184,
  tscCount: 192,
  head: 200,
  milestones: 208,
  lostReturns: 216,
  previous: 224,
  asksRegisters: 232,
  unknownVcpus: 240,
  // Written by us.
  target: 512,
  tscTarget: 520,
  released: 528,
  tail: 536,
  generation: 544,
  lowRam: 552,
  pageRoot: 560,
  pageLevels: 568,
  taskPid: 576,
  taskComm: 584,
  trace: 592,
  holdsAtEvents: 600,
  returns: 608,
  pieces: 616,
  functions: 624,
  function: 632,
  current: 1144,
  contexts: 3192,
  piece: 3200,
  loaded: 35968,
  loadedRegisters: 35976,
} as const

export const mostPieces = 2048
export const mostFunctions = 64
export const mostCpus = 256
/** vCPUs whose registers the plugin can be told. */
export const mostLoaded = 128

export const milestonesAt = 65536
export const milestoneSlots = 65536
/** Instructions between two milestones. */
export const milestoneSpacing = 2 ** 20

export const eventsAt = milestonesAt + 8 * milestoneSlots
export const eventSlots = 32768
export const eventSize = 128
export const sharedSize = eventsAt + eventSize * eventSlots

/** The general registers of x86-64 in the order of their encoding. */
export const registerOrder = [
  ...(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'] as const),
  ...(['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const),
] as const
