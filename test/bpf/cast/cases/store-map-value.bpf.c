/* SPDX-License-Identifier: GPL-2.0 */
/* The address of a map's value. */
// expect: struct owner.peer -> struct peer kernel
#include "case.bpf.h"

struct peer {
	u32 id;
	u64 count;
};
struct owner {
	u64 peer;
};
VALUE_MAP(peer, struct peer)
VALUE_MAP(owner, struct owner)

PROGRAM(program)
{
	struct peer *peer = peer_at(1);
	struct owner *owner = owner_at(2);

	if (peer && owner)
		owner->peer = (u64)peer;
	return 0;
}
