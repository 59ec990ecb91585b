import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { installKernelSpec } from '../../../src/ui/jupyter/kernel-spec.js'

const prefix = mkdtempSync(join(tmpdir(), 'cryoscope-spec-'))
afterAll(() => rmSync(prefix, { recursive: true }))

const read = (directory: string) => JSON.parse(readFileSync(join(directory, 'kernel.json'), 'utf8'))

describe('installKernelSpec', () => {
  it('writes what Jupyter starts, by absolute paths', () => {
    const { directory, displayName } = installKernelSpec({ prefix })
    expect(directory).toBe(join(prefix, 'share/jupyter/kernels/cryoscope'))
    expect(displayName).toBe('cryoscope (TypeScript)')
    const { argv, interrupt_mode } = read(directory)
    expect(argv[0]).toBe(process.execPath)
    expect(argv[1]).toMatch(/^\/.*dist\/bundle\/kernel\.js$/)
    expect(argv.slice(2)).toEqual(['--connection-file', '{connection_file}'])
    expect(interrupt_mode).toBe('message')
    expect(readFileSync(join(directory, 'logo-svg.svg'), 'utf8')).toContain('<svg')
  })

  it('names a target, and a file from the root', () => {
    const demo = read(installKernelSpec({ prefix, target: 'demo', name: 'cryoscope-demo' }).directory)
    expect(demo.argv.slice(-2)).toEqual(['--target', 'demo'])
    expect(demo.display_name).toBe('cryoscope: demo guest')
    const dump = read(installKernelSpec({ prefix, target: 'vmcore', name: 'dump' }).directory)
    expect(dump.argv.at(-1)).toBe(join(process.cwd(), 'vmcore'))
  })

  it('says what a name is made of and where it may not write', () => {
    expect(() => installKernelSpec({ prefix, name: '../x' })).toThrow(/letters, digits/)
    const file = join(prefix, 'file')
    writeFileSync(file, '')
    expect(() => installKernelSpec({ prefix: file })).toThrow(/--prefix/)
  })
})
