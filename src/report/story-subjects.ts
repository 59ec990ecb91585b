import type { Subject } from './story.js'

/** An object of a sentence by what it is called where it is listed. */
export function taskSubject({ pid, name }: { readonly pid: number; readonly name: string }): Subject {
  return { kind: 'task', pid, name }
}

export function queueSubject({ name, id }: { readonly name: string; readonly id: bigint }): Subject {
  return { kind: 'queue', name, id }
}
