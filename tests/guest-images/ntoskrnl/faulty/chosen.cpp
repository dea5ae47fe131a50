// SPDX-License-Identifier: MIT
// Which fault this driver is for (faulty.cpp).

#define TEXT_OF(name) #name
#define NAME_OF(fault) TEXT_OF(fault)

extern const char chosen_fault[];
const char chosen_fault[] = NAME_OF(FAULT);
