import { type ExecFileException, execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { checkDevice } from '../../src/ui/fuse/device/open.js'

/** Why nothing can be mounted here; undefined when it can. */
export function whyNoFuse(): string | undefined {
  try {
    checkDevice()
    return undefined
  } catch (error) {
    if (error instanceof CryoscopeError) return error.message
    throw error
  }
}

/** Tells on the test's own output why it does not run. */
export function said(reason: string | undefined): boolean {
  if (reason !== undefined) console.warn(`skipped: ${reason}`)
  return reason !== undefined
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program while this process goes on: it may be what serves the files that the program reads. */
export async function run(program: string, words: readonly string[], timeout = 100_000): Promise<Ran> {
  return await new Promise((resolve) => {
    execFile(
      program,
      [...words],
      { timeout, maxBuffer: 2 ** 28, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
        resolve({ code, stdout, stderr })
      },
    )
  })
}

/** The output of a program that must work and say nothing on stderr. */
export async function output(program: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, words)
  expect({ program, words, code, stderr }).toEqual({ program, words, code: 0, stderr: '' })
  return stdout
}

export async function shell(script: string): Promise<Ran> {
  return await run('/bin/bash', ['-c', script])
}

export const cli = fileURLToPath(new URL('../../bin/cryoscope.js', import.meta.url))

export async function cryoscope(...words: string[]): Promise<Ran> {
  return await run(process.execPath, [cli, ...words])
}

/** A directory that goes with the test. */
export function scratch(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'cs-fuse-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function isInstalled(program: string): boolean {
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    return false
  }
}
