#pragma once
#include "mm/internal.h"
#include <string.h>
