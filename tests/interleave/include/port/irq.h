/*
 * Nothing is inline: explore.c sees each of them.
 */
#pragma once
