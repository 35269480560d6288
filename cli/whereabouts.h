/* SPDX-License-Identifier: Apache-2.0 */
/* From where and as whom something is requested, as the officers will read it. */
#ifndef CLI_WHEREABOUTS_H
#define CLI_WHEREABOUTS_H

struct whereabouts {
	char host[256], user[65];
};
/* HERE is {0} before. */
void find_whereabouts(struct whereabouts *here);

#endif
