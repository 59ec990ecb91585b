import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ObjectFile } from '../../../src/bpf/recovery/object-file.js'
import { closestFit, fitText } from '../../../src/bpf/recovery/object-fit.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder } from '../../btf/builder.js'
import { buildCases, compileBpf, objectOf } from '../cast/support.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-fit-'))
const source = (more: string): string => `
#include "case.bpf.h"
struct task_ctx { u64 runs, task; ${more} };
VALUE_MAP(task_ctx, struct task_ctx)
PROGRAM(sched_enqueue) { struct task_ctx *t = task_ctx_at(0); if (t) t->runs++; return 0; }
PROGRAM(sched_dispatch) { struct task_ctx *t = task_ctx_at(1); if (t) t->runs++; return 0; }
`

/** The object of a source, as loaded programs have it. */
async function build(name: string, more: string): Promise<ObjectFile> {
  const path = join(directory, `${name}.bpf.c`)
  writeFileSync(path, source(more))
  await compileBpf(path, join(directory, name))
  return new ObjectFile(join(directory, name))
}

beforeAll(() => buildCases(['store-task']), 60_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('an object of another build is named, with what differs', async () => {
  const loaded = await build('main_bpf.linked3.o', '')
  const other = await build('other.linked3.o', 'u64 added;')
  const { types } = loaded.contents[0] as { types: Btf }
  const programs = ['sched_enqueue', 'sched_dispatch'].map((name) => ({ name }) as never)
  const fit = closestFit(other, [{ types, programs }])
  expect(fit).toMatchObject({ functions: 2, sameFunctions: 2, different: ['task_ctx'] })
  expect(fit && fitText(fit)).toMatch(
    /^its object .*other\.linked3\.o comes closest to sched_enqueue and 1 more, with 2 of 2 functions, but struct task_ctx differs: it is another build$/,
  )
})

test('what has nothing in common with the programs is not called close', async () => {
  const b = new BtfBuilder()
  b.function('somebody_elses', b.prototype(0, []), 'global')
  const programs = [{ name: 'somebody_elses' } as never]
  const file = new ObjectFile(objectOf('store-task'))
  expect(closestFit(file, [{ types: Btf.parse(b.build()), programs }])).toBeUndefined()
})
