#pragma once
#include <mm/page.h>
