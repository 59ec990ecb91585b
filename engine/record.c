// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A TCG plugin that makes a position of a deterministic run a number, and reports what happens on the way.
 *
 * Under -accel tcg,thread=single -icount all vCPUs share one thread, so whatever blocks in a callback here holds the whole
 * guest at that instruction without its noticing. The host sets a target, the plugin holds there, the host looks at RAM and
 * registers, and lets it go. Nothing of the guest depends on how long that takes, nor on callbacks that only read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"
#include "shared.h"

EXPORTED int qemu_plugin_version = INTERFACE;

/* A translated block. */
struct block {
	uint64_t pc, generation;
	uint32_t length;
	bool is_watched;
};

/* An instruction of a block. */
struct place {
	uint64_t pc;
	uint16_t index;
};

/* A call that has not returned yet. */
struct open_call {
	uint64_t returns_to, rsp, time;
	bool is_used;
};
#define MOST_OPEN 256
/* -icount shift=1 */
#define NS_PER_INSTRUCTION 2

static volatile struct control *control;
static volatile uint64_t *milestone;
static struct event *ring;
static const uint8_t *ram;
static uint64_t ram_size;
static bool follows_stores;

static unsigned last_cpu = ~0u, running;
static uint64_t hash, block_start, previous_start, tickets, next_milestone;
static bool awaits_tsc, is_attentive;
static unsigned tsc_cpu;
static struct open_call open_calls[MOST_OPEN];
static unsigned open_count;
static uint64_t open_filter; /* one bit for each low six bits of a return address */

/* A page with watched bytes, and what it held after the last store that was seen. */
struct watched_page {
	uint64_t frame; /* offset in the RAM file / 4096 */
	uint32_t first, count; /* pieces */
	uint8_t shadow[4096];
};
static struct watched_page watched[MOST_PIECES];
static uint32_t watched_count;
#define SLOTS (4 * MOST_PIECES)
static uint16_t slot_of[SLOTS]; /* by frame, open addressing; number of the page + 1 */
static uint64_t shadow_generation;
/*
 * For each eight bytes of a page, whether a watched byte of any page lies within the 64 from there on: no access is longer,
 * so most stores are told apart by this alone. Those near the end of a page may go on in the next.
 */
static bool may_be_watched[512];

static void doze(long nanoseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = nanoseconds }, NULL);
}

/* Guest memory */

static const uint8_t *at_physical(uint64_t physical, uint64_t length)
{
	uint64_t low = control->low_ram ? control->low_ram : ram_size;
	uint64_t offset = physical < low ? physical : physical >= 1ull << 32 ? physical - (1ull << 32) + low : ram_size;

	return offset < ram_size && ram_size - offset >= length ? ram + offset : NULL;
}

/* Walks the kernel's own page tables (Intel SDM vol. 3, 4.5); NULL where nothing is mapped. Not across pages. */
static const uint8_t *at_virtual(uint64_t address, uint64_t length)
{
	uint64_t table = control->page_root;
	int level = (int)control->page_levels;

	if (!table || level < 4 || level > 5 || (address & 4095) + length > 4096)
		return NULL;
	for (; level > 0; level--) {
		int shift = 12 + 9 * (level - 1);
		const uint8_t *entry = at_physical(table + ((address >> shift) & 511) * 8, 8);
		uint64_t word;

		if (!entry)
			return NULL;
		memcpy(&word, entry, 8);
		if (!(word & 1))
			return NULL;
		table = word & 0x000ffffffffff000;
		if (level > 1 && level < 4 && (word & 128)) {
			uint64_t within = (1ull << shift) - 1;
			return at_physical((table & ~within) | (address & within), length);
		}
	}
	return at_physical(table | (address & 4095), length);
}

static uint64_t word_at(uint64_t address)
{
	const uint8_t *bytes = at_virtual(address, 8);
	uint64_t word = 0;

	if (bytes)
		memcpy(&word, bytes, 8);
	return word;
}

/* Events */

static struct event *next_event(int kind, unsigned cpu, uint64_t pc, uint16_t index)
{
	struct event *event = &ring[control->head % EVENTS];
	const uint8_t *bytes;

	/* A ring that is full holds the guest. */
	while (control->head - control->tail >= EVENTS)
		doze(200000);
	memset(event, 0, sizeof *event);
	event->time = block_start;
	event->pc = pc;
	event->index = index;
	event->kind = kind;
	event->cpu = cpu;
	event->word[9] = control->tsc + (block_start + index - control->tsc_count) * NS_PER_INSTRUCTION;
	if (cpu >= MOST_CPUS || !control->current[cpu])
		return event;
	event->task = word_at(control->current[cpu]);
	if ((bytes = at_virtual(event->task + control->task_pid, 4)))
		memcpy(&event->pid, bytes, 4);
	if ((bytes = at_virtual(event->task + control->task_comm, 16)))
		memcpy(event->comm, bytes, 16);
	return event;
}

static void publish(void)
{
	__atomic_store_n(&control->head, control->head + 1, __ATOMIC_RELEASE);
	if (control->holds_at_events)
		control->target = 0;
}

static uint32_t slot_for(uint64_t frame)
{
	uint32_t slot = (uint32_t)((frame * 0x9e3779b97f4a7c15) >> 32) % SLOTS;

	while (slot_of[slot] && watched[slot_of[slot] - 1].frame != frame)
		slot = (slot + 1) % SLOTS;
	return slot;
}

/* Takes the watched bytes as they are when they begin to be watched: before a block, so before any store that is reported. */
static void take_shadows(void)
{
	uint64_t count = control->pieces < MOST_PIECES ? control->pieces : MOST_PIECES;

	memset(slot_of, 0, sizeof slot_of);
	memset(may_be_watched, 0, sizeof may_be_watched);
	watched_count = 0;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = control->piece[i].offset, frame = start >> 12;
		uint32_t first = (start & 4095) >> 3, last = ((start & 4095) + control->piece[i].length - 1) >> 3;
		uint32_t slot = slot_for(frame);

		for (uint32_t near = first > 8 ? first - 8 : 0; near <= last && near < 512; near++)
			may_be_watched[near] = true;
		if (slot_of[slot]) {
			watched[slot_of[slot] - 1].count++;
			continue;
		}
		watched[watched_count].frame = frame;
		watched[watched_count].first = i;
		watched[watched_count].count = 1;
		if (start < ram_size)
			memcpy(watched[watched_count].shadow, ram + (frame << 12), 4096);
		slot_of[slot] = ++watched_count;
	}
	shadow_generation = control->generation;
}

static void report_store(unsigned cpu, uint64_t virtual, uint64_t offset, unsigned size, const struct place *place)
{
	uint16_t number = slot_of[slot_for(offset >> 12)];
	struct watched_page *page = number ? &watched[number - 1] : NULL;
	uint64_t within = offset & 4095;
	unsigned kept = size > 16 ? 16 : size;

	for (uint32_t i = 0; page && i < page->count; i++) {
		const volatile struct piece *piece = &control->piece[page->first + i];
		struct event *event;

		if (offset >= piece->offset + piece->length || piece->offset >= offset + size)
			continue;
		event = next_event(STORE, cpu, place->pc, place->index);
		event->store.virtual = virtual;
		event->store.offset = offset;
		event->store.size = size;
		memcpy(event->store.before, page->shadow + within, kept);
		memcpy(event->store.after, ram + offset, kept);
		publish();
		memcpy(page->shadow + within, ram + offset, size);
		return;
	}
}

/* After each store of the guest. Watched are bytes of RAM, by whatever address they are reached. */
static void stored(unsigned any, qemu_plugin_meminfo_t info, uint64_t virtual, void *data)
{
	uint64_t within = virtual & 4095;
	unsigned size;

	(void)any;
	if (!watched_count || (!may_be_watched[within >> 3] && within <= 4096 - 64))
		return;
	/* QEMU 7.2 was seen to call for loads too. */
	if (!qemu_plugin_mem_is_store(info))
		return;
	size = 1u << qemu_plugin_mem_size_shift(info);
	for (unsigned done = 0; done < size;) {
		unsigned here = 4096 - ((virtual + done) & 4095);
		struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, virtual + done);

		if (here > size - done)
			here = size - done;
		if (place && !qemu_plugin_hwaddr_is_io(place)) {
			uint64_t offset = qemu_plugin_hwaddr_phys_addr(place);

			/* Before QEMU 8 or so this is the place in the RAM block, later the guest's address. */
			if (control->low_ram && offset >= 1ull << 32)
				offset = offset - (1ull << 32) + control->low_ram;
			if (offset < ram_size)
				report_store(running, virtual + done, offset, here, data);
		}
		done += here;
	}
}

/* Calls */

static void forget_call(struct open_call *call)
{
	call->is_used = false;
	open_count--;
	open_filter = 0;
	for (int i = 0; i < MOST_OPEN; i++)
		if (open_calls[i].is_used)
			open_filter |= 1ull << (open_calls[i].returns_to & 63);
}

static bool has_context(uint64_t pc)
{
	for (uint64_t i = 0; i < control->functions && i < MOST_FUNCTIONS; i++)
		if (control->function[i] == pc)
			return control->contexts >> i & 1;
	return false;
}

static void report_call(unsigned cpu, uint64_t pc, const uint64_t *regs)
{
	static const uint8_t arguments[] = { 7, 6, 2, 1, 8, 9 };
	struct event *event = next_event(CALL, cpu, pc, 0);
	uint64_t returns_to = word_at(regs[4]);
	bool is_context = has_context(pc);
	unsigned known = 0;

	for (; known < 6; known++) {
		const uint8_t *bytes = is_context ? at_virtual(regs[7] + 8 * known, 8) : NULL;

		if (is_context && !bytes)
			break;
		if (bytes)
			memcpy(&event->word[known], bytes, 8);
		else
			event->word[known] = regs[arguments[known]];
	}
	event->word[6] = regs[4];
	event->word[7] = returns_to;
	event->word[8] = known;
	publish();
	if (!control->returns || !returns_to)
		return;
	for (int i = 0; i < MOST_OPEN; i++) {
		/* A call on the same stack slot: the one before never returned. */
		if (open_calls[i].is_used && open_calls[i].rsp != regs[4])
			continue;
		if (!open_calls[i].is_used)
			open_count++;
		open_calls[i] = (struct open_call){ returns_to, regs[4], block_start, true };
		open_filter |= 1ull << (returns_to & 63);
		return;
	}
	control->lost_returns++;
}

static void report_returns(unsigned cpu, uint64_t pc, const uint64_t *regs)
{
	for (int i = 0; i < MOST_OPEN; i++) {
		struct open_call *call = &open_calls[i];
		struct event *event;

		if (!call->is_used || call->returns_to != pc || call->rsp + 8 != regs[4])
			continue;
		event = next_event(RETURN, cpu, pc, 0);
		event->word[0] = regs[0];
		event->word[1] = call->rsp;
		event->word[2] = call->time;
		publish();
		forget_call(call);
		return;
	}
}

/* Blocks */

static void report_block(unsigned cpu, const struct block *block)
{
	next_event(BLOCK, cpu, block->pc, 0)->word[0] = block->length;
	publish();
}

static void hold(unsigned cpu, uint64_t pc, const uint64_t *regs)
{
	uint64_t ticket = ++tickets;

	control->pc = pc;
	control->cpu = cpu;
	for (int i = 0; i < 16; i++)
		control->regs[i] = regs[i];
	control->hash = hash;
	control->previous = previous_start;
	__atomic_store_n(&control->held, ticket, __ATOMIC_RELEASE);
	for (int turns = 0; __atomic_load_n(&control->released, __ATOMIC_ACQUIRE) != ticket; turns++)
		doze(turns < 100 ? 50000 : 500000);
	control->after = 0;
	control->held = 0;
}

/* Folds a word into the hash of the way (the multiplier of splitmix64). */
static void mix(uint64_t word)
{
	hash = (hash ^ word) * 0xbf58476d1ce4e5b9;
	hash ^= hash >> 29;
}

static bool is_function(uint64_t pc)
{
	for (uint64_t i = 0; i < control->functions && i < MOST_FUNCTIONS; i++)
		if (control->function[i] == pc)
			return true;
	return false;
}

#if INTERFACE > 1
/*
 * Since 10.0 and with all vCPUs on one thread, QEMU names the vCPU that a block was translated on, not the one that executes
 * it. So they are told apart by where their state lies: it is met in the order of their numbers when they boot, and from a
 * saved state each still has the registers that it was saved with, but for the stack pointer where an interrupt came first.
 */
static const uint64_t *state_of[MOST_CPUS];

static bool goes_on_as(unsigned cpu, const uint64_t *regs)
{
	const volatile uint64_t *saved = control->loaded_registers[cpu];

	for (int i = 0; i < 16; i++)
		if (i != 4 && saved[i] != regs[i])
			return false;
	return true;
}

static unsigned meet(const uint64_t *regs)
{
	uint64_t nearest = ~0ull;
	unsigned found = MOST_CPUS, free = 0;

	for (unsigned cpu = 0; cpu < control->loaded && cpu < MOST_LOADED; cpu++) {
		uint64_t below = control->loaded_registers[cpu][4] - regs[4];

		if (!state_of[cpu] && goes_on_as(cpu, regs) && below < nearest) {
			nearest = below;
			found = cpu;
		}
	}
	while (free < MOST_CPUS - 1 && state_of[free])
		free++;
	if (found == MOST_CPUS) {
		if (control->loaded)
			control->unknown_vcpus++;
		found = free;
	}
	state_of[found] = regs;
	return found;
}

static unsigned number_of(const uint64_t *regs)
{
	if (state_of[running] == regs)
		return running;
	for (unsigned cpu = 0; cpu < MOST_CPUS; cpu++)
		if (state_of[cpu] == regs)
			return cpu;
	return meet(regs);
}
#endif

/*
 * Before blocks where something may be to be done. `regs` is where generated code for an x86-64 host keeps the vCPU (TCG_AREG0
 * is rbp): its state begins with the general registers. The host compares them with QEMU's own words where it looks at them.
 */
__attribute__((noinline)) static void attend(unsigned cpu, struct block *block, const uint64_t *regs)
{
#if INTERFACE > 1
	cpu = number_of(regs);
#endif
	running = cpu;
	if (cpu != last_cpu) {
		last_cpu = cpu;
		mix(block->pc ^ cpu);
		mix(control->count);
	}
	if (awaits_tsc && cpu == tsc_cpu) {
		awaits_tsc = false;
		control->tsc = (regs[2] << 32) | (uint32_t)regs[0];
		control->tsc_count = control->count;
		if (control->tsc >= control->tsc_target)
			control->target = 0;
	}
	if (control->count >= next_milestone) {
		uint64_t number = control->count >> MILESTONE_SHIFT;

		mix(block->pc);
		mix(control->count);
		mix(control->tsc);
		milestone[number % MILESTONES] = hash;
		control->milestones = number + 1;
		next_milestone = (number + 1) << MILESTONE_SHIFT;
	}
	previous_start = block_start;
	block_start = control->count;
	if (shadow_generation != control->generation)
		take_shadows();
	if (block->generation != control->generation) {
		block->generation = control->generation;
		block->is_watched = is_function(block->pc);
	}
	if (block->is_watched)
		report_call(cpu, block->pc, regs);
	if (open_count && (open_filter >> (block->pc & 63)) & 1)
		report_returns(cpu, block->pc, regs);
	if (control->trace == cpu + 1)
		report_block(cpu, block);
	if (block_start < control->target)
		control->after++;
	else
		while (block_start >= control->target)
			hold(cpu, block->pc, regs);
	control->count = block_start + block->length;
	is_attentive = awaits_tsc || open_count || control->functions;
}

/*
 * A block and its length in a word, for where nothing is to be done the length is all that is needed, and the struct is in no
 * cache: addresses of user space on x86-64 have 47 bits, and QEMU's blocks 512 instructions at most.
 */
#define LENGTH_SHIFT 48

static void *word_of(struct block *block)
{
	return (void *)((uintptr_t)block | (uintptr_t)block->length << LENGTH_SHIFT);
}

/* For nearly every block. What is not said here by a word alone is looked at in attend(). */
__attribute__((used)) static void entered(unsigned cpu, uint64_t word, const uint64_t *regs)
{
	uint64_t count = control->count;

#if INTERFACE > 1
	bool is_same = state_of[running] == regs;
#else
	bool is_same = cpu == last_cpu;
#endif
	if (!is_same || is_attentive || count >= next_milestone || count >= control->target ||
	    shadow_generation != control->generation || control->trace) {
		attend(cpu, (struct block *)(word & ((1ull << LENGTH_SHIFT) - 1)), regs);
		return;
	}
	previous_start = block_start;
	block_start = count;
	control->after++;
	control->count = count + (word >> LENGTH_SHIFT);
}

__attribute__((naked)) static void enter(unsigned cpu, void *block)
{
	__asm__("mov %rbp, %rdx\n\tjmp entered");
}

static void reads_tsc(unsigned any, void *data)
{
	(void)any, (void)data;
	awaits_tsc = is_attentive = true;
	tsc_cpu = running;
}

/*
 * When the last vCPU halts, QEMU's main loop moves the clock to the next timer. It may be awake already, from when the guest
 * set that timer, and would then take the vCPU for halted before the instructions that it executed since are counted: the
 * clock would jump too far, by chance. So a vCPU halts only when the main thread sleeps in poll(2), from which nothing but
 * the vCPU wakes it.
 */
static void halts(unsigned cpu, void *data)
{
	static int main_thread = -1;
	char words[8] = "";

	(void)cpu, (void)data;
	if (main_thread < 0) {
		char path[64];

		snprintf(path, sizeof path, "/proc/self/task/%d/syscall", getpid());
		main_thread = open(path, O_RDONLY | O_CLOEXEC);
	}
	for (int turns = 0; main_thread >= 0; turns++) {
		ssize_t length = pread(main_thread, words, 4, 0);

		/* ppoll, poll */
		if (length < 4 ? length < 0 : !memcmp(words, "271 ", 4) || !memcmp(words, "7 0x", 4))
			return;
		if (turns > 20)
			doze(20000);
	}
}

static const uint8_t *code_of(const struct qemu_plugin_insn *insn)
{
	return qemu_plugin_insn_haddr(insn);
}

/* HLT, MWAIT */
static bool is_halt(const struct qemu_plugin_insn *insn)
{
	const uint8_t *bytes = code_of(insn);
	size_t size = qemu_plugin_insn_size(insn);

	return bytes && ((size == 1 && bytes[0] == 0xf4) ||
			 (size == 3 && bytes[0] == 0x0f && bytes[1] == 0x01 && bytes[2] == 0xc9));
}

static bool is_rdtsc(const struct qemu_plugin_insn *insn)
{
	const uint8_t *bytes = code_of(insn);
	size_t size = qemu_plugin_insn_size(insn);

	return bytes && bytes[0] == 0x0f &&
	       ((size == 2 && bytes[1] == 0x31) || (size == 3 && bytes[1] == 0x01 && bytes[2] == 0xf9));
}

#if INTERFACE >= 7
static void translated(struct qemu_plugin_tb *tb, void *data)
{
	(void)data;
#else
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
#endif
	struct block *block = calloc(1, sizeof *block);
	size_t length = qemu_plugin_tb_n_insns(tb);
	struct place *places = follows_stores ? calloc(length, sizeof *places) : NULL;

	block->pc = qemu_plugin_tb_vaddr(tb);
	block->length = length;
	block->generation = ~0ull;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, enter, QEMU_PLUGIN_CB_NO_REGS, word_of(block));
	for (size_t i = 0; i < length; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (is_rdtsc(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, reads_tsc, QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (is_halt(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, halts, QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (!places)
			continue;
		places[i] = (struct place){ qemu_plugin_insn_vaddr(insn), i };
		qemu_plugin_register_vcpu_mem_cb(insn, stored, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, &places[i]);
	}
}

/* Time */

/*
 * This file is preloaded too, so that QEMU takes the time of day from the instructions: it shrinks and grows its TLBs by it
 * (tlb_mmu_resize_locked, accel/tcg/cputlb.c), and which access misses the TLB decides which page the guest sees accessed.
 */
EXPORTED int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (control) {
		uint64_t ns = control->count * NS_PER_INSTRUCTION;

		time->tv_sec = ns / 1000000000;
		time->tv_usec = ns % 1000000000 / 1000;
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

/* GLib's, which newer QEMUs ask: microseconds. */
EXPORTED int64_t g_get_real_time(void)
{
	struct timeval time;

	gettimeofday(&time, NULL);
	return time.tv_sec * 1000000ll + time.tv_usec;
}

/* Set-up */

static void *map(const char *path, int protection, uint64_t *size)
{
	int file = open(path, protection & PROT_WRITE ? O_RDWR : O_RDONLY);
	struct stat status;
	void *memory;

	if (file < 0 || fstat(file, &status))
		return NULL;
	*size = status.st_size;
	memory = mmap(NULL, *size, protection, MAP_SHARED, file, 0);
	close(file);
	return memory == MAP_FAILED ? NULL : memory;
}

/* Arguments: shared=FILE, ram=FILE, count=N where the run stands at its start, stores=on to report stores; or probe=on. */
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *shared = NULL, *ram_path = NULL;
	uint64_t count = 0, size = 0;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "probe=on"))
			_exit(77);
		else if (!strncmp(argv[i], "shared=", 7))
			shared = argv[i] + 7;
		else if (!strncmp(argv[i], "ram=", 4))
			ram_path = argv[i] + 4;
		else if (!strncmp(argv[i], "count=", 6))
			count = strtoull(argv[i] + 6, NULL, 10);
		else if (!strcmp(argv[i], "stores=on"))
			follows_stores = true;
	}
	if (!shared || !ram_path)
		return 1;
	control = map(shared, PROT_READ | PROT_WRITE, &size);
	ram = map(ram_path, PROT_READ, &ram_size);
	if (!control || size < SHARED_SIZE || !ram) {
		fprintf(stderr, "cannot map %s and %s\n", shared, ram_path);
		return 1;
	}
	milestone = (volatile uint64_t *)((char *)control + MILESTONES_AT);
	ring = (struct event *)((char *)control + EVENTS_AT);
	control->count = count;
	next_milestone = ((count >> MILESTONE_SHIFT) + 1) << MILESTONE_SHIFT;
	control->asks_registers = INTERFACE > 1;
	control->layout = LAYOUT;
#if INTERFACE >= 7
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
#else
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
#endif
	return 0;
}
