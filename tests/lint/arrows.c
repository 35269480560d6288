/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with the whole of one layer: that it links is the test. */
int
main(void)
{
	return 0;
}
