/* SPDX-License-Identifier: GPL-2.0 */
/* Global variables of every kind. Those of .data and .rodata keep the values written here; gallery_fill() sets .bss. */
#pragma once

/* .rodata */
const volatile u8 const_u8 = 200;
const volatile s64 const_s64 = -1234567890123LL;
const volatile char const_text[] = "written once";
const volatile struct point const_point = { .x = -3, .y = 4 };
const volatile enum shade const_shade = SHADE_BLUE;

/* .data */
s8 data_s8 = -8;
u8 data_u8 = 0xf8;
s16 data_s16 = -1600;
u16 data_u16 = 0xf160;
s32 data_s32 = -320000;
u32 data_u32 = 0xf3200000;
s64 data_s64 = -6400000000000LL;
u64 data_u64 = 0xf640000000000000ULL;
__int128 data_s128 = -5;
unsigned __int128 data_u128 = (unsigned __int128)0x0123456789abcdefULL << 64 | 0xfedcba9876543210ULL;
bool data_true = true;
bool data_false = false;
char data_char = 'c';
char data_text[32] = "text with \"quotes\" and \t tab";
char data_full[4] = { 'f', 'u', 'l', 'l' };
unsigned char data_bytes[4] = { 0xde, 0xad, 0xbe, 0xef };
enum shade data_shade = SHADE_GREEN;
enum shade data_unnamed_shade = 77;
enum temperature data_temperature = TEMPERATURE_COLD;
enum distance data_distance = DISTANCE_FAR;
struct flags data_flags = {
	.ready = 1, .level = 5, .count = 0xabc, .rest = 0x5a5, .delta = -7, .shift = -1000, .wide = 0x123456789aULL, .narrow = 0xfedcba,
};
union word data_word = { .raw = 0x1122334455667788ULL };
struct point data_points[3] = { { 1, 2 }, { 3, 4 }, { -5, -6 } };
u16 data_matrix[2][3] = { { 11, 12, 13 }, { 21, 22, 23 } };
struct packed_pair data_packed = { 7, 0x0102030405060708ULL };
struct flexible data_flexible = { .count = 3, .items = { 10, 20, 30 } };
nanoseconds_t data_duration = 1500000000ULL;
volatile int data_volatile = 42;
struct record data_record = {
	.id = 1, .shade = SHADE_RED, .temperature = TEMPERATURE_HOT, .position = { 100, -100 },
	.corners = { { 1, 1 }, { 2, 2 } }, .name = "the first record", .balance = -1, .ok = true,
	.distance = DISTANCE_NEAR, .nested = { .inner = 9, .origin = { 8, 7 } },
};

/* .bss */
u64 bss_magic;
u32 bss_fills; /* how often gallery_fill() ran */
u64 bss_words[4];
struct record bss_record;
struct task_struct *bss_task; /* the task with pid 1 */
void *bss_null;
u64 *bss_small_pointer; /* 0x10: not an address */
compare_function bss_compare;
struct list_pair bss_list; /* an empty list: both pointers stay NULL */
static volatile s32 bss_static;

/* Sections of their own: libbpf makes a map of each and names it after the section, without the object's name. */
u64 hot_counter SEC(".data.hot") = 0x407;
struct specimen hot_specimen SEC(".data.hot") = { .number = 1, .cpu = 2, .text = "hot" };
const u32 cold_table[4] SEC(".rodata.cold") = { 1, 10, 100, 1000 };
u64 cold_words[2] SEC(".bss.cold");

/* bpftool gives up on a section at the first floating-point number, so these have one to themselves. */
float data_float SEC(".data.float") = 1.5f;
double data_double SEC(".data.float") = -0.1;

/* Answered by libbpf at load time; lives in a map of its own, .kconfig. */
extern int LINUX_KERNEL_VERSION __kconfig;

/* Objects that exist only behind a list head and a tree root. */
struct list_item {
	u64 number;
	struct bpf_list_node link;
};

struct tree_item {
	u64 key;
	u64 value;
	struct bpf_rb_node node;
};

private(GRAPH) struct bpf_spin_lock graph_lock;
private(GRAPH) struct bpf_list_head graph_list __contains(list_item, link);
private(GRAPH) struct bpf_rb_root graph_tree __contains(tree_item, node);
