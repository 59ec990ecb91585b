import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { Session } from '../../../src/session/session.js'
import type { Target } from '../../../src/session/target.js'
import '../../../src/ui/repl/nouns.js'
import { resultText } from '../../../src/ui/repl/result.js'

const secret = 'inside of the memory'
/** A target without a kernel: each part of the session says so, and none of them is a dump of our own objects. */
const session = new Session({
  name: 'core\x1b[2J',
  memory: {
    ranges: [],
    secret,
    dataRanges(): never {
      throw new CryoscopeError('unreadable', 'no kernel here')
    },
  } as unknown as Target['memory'],
  control: undefined,
  vcpus: () => [],
  problems: [],
} as unknown as Target)

describe('a session that is printed', () => {
  it('says what it is and what it offers, safe for a terminal', () => {
    const text = resultText(session, { colors: false, columns: 80 })
    expect(text).toMatch(/^session +core\\x1b\[2J \(dump\)\nkernel +unreadable\nvCPUs +0\noffers +vm\.maps/)
    expect(text).not.toContain(secret)
  })

  it('is its name inside of something else, also for console.log', () => {
    expect(inspect({ vm: session })).toBe('{ vm: [session core\\x1b[2J (dump)] }')
  })
})
