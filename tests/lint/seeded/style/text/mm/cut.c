/*
 * A seed.
 */
int cut;