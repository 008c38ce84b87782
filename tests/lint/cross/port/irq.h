/*
 * A port for the compiler alone: nothing inline.
 */
#pragma once
