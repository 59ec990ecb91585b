import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print, repeat, timed } from './measure.js'

const runs = 9
const leastInstructions = 20_000
const programs = 142

/** One program: lookups, a list in the arena, a loop, calls, and stores of pointers and numbers. */
const program = (n: number): string => `
struct state${n} { u64 time, task, node, count; u64 recent[16]; };
VALUE_MAP(state${n}, struct state${n})
static __noinline void note${n}(struct state${n} *s, struct task_struct *p, u64 time)
{
	s->time = time;
	s->task = (u64)p;
	s->count++;
}
PROGRAM(program${n})
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct state${n} *s = state${n}_at(p->pid), *other = state${n}_at(${n});
	struct node __arena *node = head;
	u64 sum = 0;
	int i;

	if (!s || !other)
		return 0;
	for (i = 0; node && i < 64; i++) {
		sum += node->value * ${n + 3};
		if (sum & 1)
			node->owner = (u64)p;
		else
			s->recent[i & 15] = node->value;
		node = (struct node __arena *)node->next;
	}
	note${n}(s, p, bpf_ktime_get_ns());
	note${n}(other, p->real_parent, sum);
	s->node = (u64)node;
	switch (bpf_get_prandom_u32() & 7) {
	case 0: other->count += sum; break;
	case 1: other->node = (u64)head; break;
	case 2: other->time = s->time + ${n}; break;
	case 3: *other = *s; break;
	default: sum ^= other->recent[sum & 15];
	}
	return sum;
}`

const source = `
#include "case.bpf.h"
struct node { u64 value, owner, next; };
struct node __arena *head;
PROGRAM(insert)
{
	struct node __arena *node = (struct node __arena *)alloc_pages(1);

	if (!node)
		return 0;
	node->value = bpf_ktime_get_ns();
	node->owner = (u64)bpf_get_current_task_btf();
	node->next = (u64)head;
	head = node;
	return 0;
}
${Array.from({ length: programs }, (_, n) => program(n)).join('\n')}
`

interface Measured {
  readonly times: readonly number[]
  readonly instructions: number
  readonly findings: number
}

/** Recovering the typed pointers of an object of 20,000 instructions: analysed, and from the cache. */
export function measureCasts(dist: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-bench-'))
  try {
    const path = join(directory, 'large.bpf.c')
    const object = join(directory, 'large.bpf.o')
    writeFileSync(path, source)
    const compile = (): void => {
      const includes = fileURLToPath(new URL('../test/bpf/cast/cases', import.meta.url))
      const flags = ['-O2', '-g', '-w', '--target=bpf', '-mcpu=v3', '-I', includes]
      execFileSync(process.env.CLANG ?? 'clang-19', [...flags, '-c', path, '-o', object])
    }
    const compiled = repeat(2, () => timed(compile))
    const cache = join(directory, 'cache')
    const fresh = repeat(runs, () => {
      rmSync(cache, { recursive: true, force: true })
      return measure(dist, object, cache, 1).times[0] ?? Number.NaN
    })
    const cached = repeat(runs, () => measure(dist, object, cache, 1).times[0] ?? Number.NaN)
    const again = measure(dist, object, undefined, runs)
    if (again.instructions < leastInstructions || again.findings < programs)
      throw new Error(`${again.findings} findings in ${again.instructions} instructions`)
    print(`typed pointers of ${again.instructions.toLocaleString('en')} instructions`, [
      { what: 'peer: clang compiles the same', times: compiled },
      { what: 'nothing cached, in a fresh process', times: fresh, goal: 200 },
      { what: 'nothing cached, in a process that goes on', times: again.times.slice(runs / 2), goal: 200 },
      { what: 'cached, in a fresh process', times: cached, goal: 10 },
    ])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Analyses an object in a fresh process, with that cache or none. */
function measure(dist: string, object: string, cache: string | undefined, times: number): Measured {
  const body = `
    const { analyzeFile } = await import(${JSON.stringify(`file://${dist}/bpf/cast/analyze.js`)})
    const times = []
    let found
    for (let run = 0; run < ${times}; run++) {
      const start = performance.now()
      found = analyzeFile(${JSON.stringify(object)}, ${cache === undefined ? '{ cache: null }' : '{}'}).objects[0]
      times.push(performance.now() - start)
    }
    console.log(JSON.stringify({ times, instructions: found.instructions, findings: found.findings.length }))`
  const env = { ...process.env, XDG_CACHE_HOME: cache ?? '/nonexistent' }
  const args = ['--input-type=module', '-e', body]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', env })) as Measured
}
