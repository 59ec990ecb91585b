import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listMaps } from '../../../src/bpf/map-info.js'
import { listPrograms } from '../../../src/bpf/program.js'
import { listLinks } from '../../../src/bpf/programs/links.js'
import { listingLines } from '../../../src/bpf/programs/listing-text.js'
import { Program } from '../../../src/bpf/programs/program-object.js'
import { schedulerObjects } from '../../../src/bpf/programs/scheduler-objects.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems, whole } from '../../../src/problems.js'
import { everyProgramPart } from '../../support/every-program-part.js'
import { ruinsOf } from '../../support/ruin.js'

const { guest, address } = everyProgramPart()
const { kernel, damage, near, ruin } = ruinsOf(guest)
const aux = kernel.struct('bpf_prog', address).pointer('aux')

/** Asks for everything; gives how much there was. */
function readAll(): number {
  const problems = new Problems()
  const more = new Problems()
  let count = 0
  const attempt = (read: () => number): void => {
    try {
      count += read()
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      expect(error.message.length).toBeGreaterThan(10)
    }
  }
  attempt(() => listLinks(kernel, problems).length)
  let programs: ReturnType<typeof listPrograms> = []
  attempt(() => {
    programs = listPrograms(kernel, problems)
    return programs.length
  })
  attempt(() => schedulerObjects(kernel, listMaps(kernel, problems), programs, more).length)
  for (const info of programs) {
    const program = new Program(kernel, info)
    attempt(() => program.xlated.length)
    attempt(() => [...listingLines(program.xlated, { opcodes: true, lineNumbers: true, names: true })].length)
    attempt(() => program.xlatedBytes.length)
    attempt(() => program.jited.reduce((sum, { bytes, lines }) => sum + bytes.length + lines.length, 0))
    attempt(() => program.links.length + program.structOps.length)
    attempt(() => JSON.stringify(program.streams ?? null).length)
    void [program.timePerRun, program.missRate, program.countsRuns]
  }
  for (const { why } of problems.list) expect(why.length).toBeGreaterThan(10)
  return count
}

describe('programs and links in ruined memory', () => {
  it('are read in full when nothing is ruined', () => {
    ruin([])
    const [info] = listPrograms(kernel, new Problems())
    if (info === undefined) throw new Error('no program')
    const program = new Program(kernel, info)
    expect(program.xlated).toHaveLength(4)
    expect(program.jited.map(({ bytes }) => bytes.length)).toEqual([32, 32])
    expect(program.streams).toEqual({ stdout: whole('onetwo'), stderr: whole('oops') })
    expect(program.links).toHaveLength(5)
    expect(program.problems).toEqual([])
    expect(readAll()).toBeGreaterThan(100)
  })

  it.each([
    ['anywhere', undefined],
    ['in the program', address],
    ['in what belongs to it', aux],
  ])('end, with reasons: %s', (_, place) => {
    fc.assert(
      fc.property(damage, near(place ?? address), (far, close) => {
        ruin([...far, ...(place === undefined ? [] : close)])
        readAll()
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })
})
