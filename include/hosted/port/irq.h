/*
 * The hosted port has nothing inline.
 */
#pragma once
