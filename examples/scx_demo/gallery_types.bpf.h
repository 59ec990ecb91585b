/* SPDX-License-Identifier: GPL-2.0 */
/* C types of every kind that BTF can describe, used by the maps and the global variables of the gallery. */
#pragma once

enum shade {
	SHADE_NONE = 0,
	SHADE_RED = 1,
	SHADE_GREEN = 5,
	SHADE_BLUE = 1000000,
};

enum temperature {
	TEMPERATURE_COLD = -40,
	TEMPERATURE_MILD = 0,
	TEMPERATURE_HOT = 40,
};

enum distance {
	DISTANCE_NEAR = 1,
	DISTANCE_FAR = 0x123456789abcULL,
};

struct point {
	s16 x;
	s16 y;
};

union word {
	u64 raw;
	struct {
		u32 low;
		u32 high;
	};
	u8 bytes[8];
};

struct flags {
	u32 ready : 1;
	u32 level : 3;
	u32 count : 12;
	u32 : 4;
	u32 rest : 12;
	s32 delta : 5;
	s32 shift : 27;
	u64 wide : 40;
	u64 narrow : 24;
};

struct record {
	u32 id;
	enum shade shade;
	enum temperature temperature;
	struct point position;
	struct point corners[2];
	struct flags flags;
	union word word;
	char name[16];
	s64 balance;
	u8 matrix[2][3];
	bool ok;
	u8 tail;
	enum distance distance;
	struct {
		u16 inner;
		struct point origin;
	} nested;
};

/* 20 bytes: a size that per-CPU maps must round up. */
struct specimen {
	u32 number;
	u32 cpu;
	char text[12];
};

struct pair_key {
	u32 first;
	u64 second;
};

struct pair_value {
	u64 product;
	u32 sum;
	char letters[12];
};

struct prefix {
	u32 length; /* bits */
	u8 address[4];
};

struct packed_pair {
	u8 first;
	u64 second;
} __attribute__((packed));

struct flexible {
	u32 count;
	u16 items[];
};

struct list_pair {
	struct list_pair *next;
	struct list_pair **pprev;
};

typedef u64 nanoseconds_t;
typedef int (*compare_function)(const void *a, const void *b);
