// SPDX-License-Identifier: MIT
// From the boot loader's last instruction to the agent's first.
#include <nanont_boot.hpp>

#include "arch/cpu.hpp"
#include "cm/cm.hpp"
#include "dbg/crash_data.hpp"
#include "dbg/report.hpp"
#include "io/io.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "ldr/profile.hpp"
#include "mm/mm.hpp"
#include "vf/rules.hpp"
#include "vf/selftest.hpp"
#include "vf/troubles.hpp"

namespace nanont {
namespace {

constexpr SCHAR kSystemPriority = 12; // as the threads Windows starts drivers on

void phase(ULONG milestone) {
    dbg::emit(MPULAB_KIND_PHASE, 0, milestone, 0, 0);
}

/// Finds a file in the archive. Ends the run when the archive is broken; false when it is merely not there.
bool find_file(const char* name, ConstBytes& content) {
    ArchiveEntry entry;
    Defect defect;
    if (ldr::archive().find(name, entry, defect)) {
        content = entry.content;
        return true;
    }
    if (defect.field != nullptr) {
        dbg::say("modules archive: %s is 0x%I64x, expected %s", defect.field, static_cast<ULONGLONG>(defect.value),
                 defect.expected);
        dbg::end_run(MPULAB_END_BAD_IMAGE, static_cast<ULONG>(STATUS_INVALID_IMAGE_FORMAT));
    }
    return false;
}

/// Loads a file as the driver of a service. Ends the run when it cannot be loaded.
io::Driver& load_driver(const char* name, const char* service, ConstBytes content, bool under_test) {
    ldr::Module* module = nullptr;
    io::Driver* driver = nullptr;
    ULONG end_code = MPULAB_END_GUEST_UNFIT;
    NTSTATUS status = ldr::load(name, content, under_test, module, end_code);
    if (NT_SUCCESS(status)) {
        status = io::create_driver(service, module, driver);
        if (!NT_SUCCESS(status)) {
            dbg::say("%s: no driver object: 0x%08lx", name, static_cast<ULONG>(status));
        }
    }
    if (!NT_SUCCESS(status)) {
        dbg::end_run(end_code, static_cast<ULONG>(status));
    }
    return *driver;
}

/// A file's name without its ending.
void service_name(const char* file, char* out, size_t room) {
    size_t length = 0;
    for (; file[length] != '\0' && file[length] != '.' && length + 1 < room; ++length) {
        out[length] = file[length];
    }
    out[length] = '\0';
}

/// A module of our own: without it, or when it does not start, the kernel is of no use.
void start_own_module(const char* name, bool required) {
    ConstBytes content;
    if (!find_file(name, content)) {
        if (required) {
            dbg::say("%s is not in the modules archive", name);
            dbg::end_run(MPULAB_END_BAD_IMAGE, static_cast<ULONG>(STATUS_NO_SUCH_FILE));
        }
        return;
    }
    char service[64];
    service_name(name, service, sizeof(service));
    const NTSTATUS status = io::call_driver_entry(load_driver(name, service, content, false));
    if (!NT_SUCCESS(status)) {
        dbg::say("%s: DriverEntry failed: 0x%08lx", name, static_cast<ULONG>(status));
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(status));
    }
}

/// It plants defects, too, where the kernel has no checker (portcls/selftest.cpp).
void start_portcls() {
    constexpr const char* kName = "portcls.sys";
    constexpr ULONG kPlanted[] = {44, 73};
    ConstBytes content;
    if (!find_file(kName, content)) {
        return;
    }
    vf::await_planted(kPlanted, sizeof(kPlanted) / sizeof(kPlanted[0]));
    start_own_module(kName, false);
    vf::tell_planted();
}

io::Driver& load_driver_under_test(ConstBytes settings) {
    char name[64];
    char service[64];
    size_t offset = 0;
    if (!next_setting(settings, offset, "driver", name, sizeof(name))) {
        dbg::say(
            "boot.cfg in the modules archive names no driver; expected a line driver=FILE.sys (63 characters at most)");
        dbg::end_run(MPULAB_END_BAD_IMAGE, static_cast<ULONG>(STATUS_NO_SUCH_FILE));
    }
    ConstBytes content;
    if (!find_file(name, content)) {
        dbg::say("%s, the driver that boot.cfg names, is not in the modules archive", name);
        dbg::end_run(MPULAB_END_BAD_IMAGE, static_cast<ULONG>(STATUS_NO_SUCH_FILE));
    }
    offset = 0;
    if (!next_setting(settings, offset, "service", service, sizeof(service))) {
        service_name(name, service, sizeof(service));
    }
    return load_driver(name, service, content, true);
}

} // namespace

namespace io {

Driver& reload_driver_under_test() {
    ConstBytes settings;
    find_file("boot.cfg", settings);
    return load_driver_under_test(settings);
}

} // namespace io

namespace {

/// The package's part of the registry, when it has one.
void load_registry() {
    cm::init();
    ConstBytes text;
    if (find_file("registry.reg", text) && !cm::load(text)) {
        dbg::end_run(MPULAB_END_BAD_IMAGE, static_cast<ULONG>(STATUS_REGISTRY_CORRUPT));
    }
}

void hold_if_asked() {
    mpulab_guest_options options{};
    ULONG size = sizeof(options);
    if (dbg::read_plan(MPULAB_SECTION_OPTIONS, &options, size) && size >= sizeof(options) &&
        (options.flags & MPULAB_OPTION_HOLD_BEFORE_DRIVER_ENTRY) != 0) {
        dbg::emit(MPULAB_KIND_HOLD, 0, 0, 0, 0);
    }
}

/// How late the drivers' DPCs come (plan.h).
void take_dpc_delay() {
    mpulab_guest_options options{};
    ULONG size = sizeof(options);
    if (!dbg::read_plan(MPULAB_SECTION_OPTIONS, &options, size) || size < sizeof(options)) {
        return;
    }
    if (options.dpc_delay_us > MPULAB_MAX_DPC_DELAY_US) {
        dbg::say("the plan's DPC delay is %u us; expected at most %u", options.dpc_delay_us, MPULAB_MAX_DPC_DELAY_US);
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INVALID_PARAMETER));
    }
    ke::set_dpc_delay(options.dpc_delay_us * 10);
}

void start_driver(io::Driver& driver) {
    NTSTATUS status = io::call_driver_entry(driver);
    if (!NT_SUCCESS(status)) {
        dbg::say("%s: DriverEntry failed: 0x%08lx", driver.module->name, static_cast<ULONG>(status));
        io::tell_what_is_left();
    } else {
        status = io::start_devices(driver);
    }
    if (!NT_SUCCESS(status)) {
        dbg::end_run(MPULAB_END_DRIVER_REFUSED, static_cast<ULONG>(status));
    }
}

/// The first thread: everything that needs threads to be there already.
VOID NTAPI system_start(PVOID) {
    phase(MPULAB_PHASE_SYSTEM_READY);
    dbg::check_choices();
    take_dpc_delay();
    vf::take_switches();
    io::init_workers();
    load_registry();
    io::init_bus();
    ConstBytes settings;
    find_file("boot.cfg", settings);
    if (!io::enumerate_machine(settings)) {
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INVALID_PARAMETER));
    }
    start_own_module("ks.sys", false);
    start_portcls();
    vf::run_selftest();
    io::Driver& driver = load_driver_under_test(settings);
    ldr::watch_irql();
    phase(MPULAB_PHASE_DRIVER_LOADED);
    hold_if_asked();
    start_driver(driver);
    phase(MPULAB_PHASE_DRIVER_STARTED);
    vf::begin_troubles();
    ConstBytes agent;
    if (!find_file("agent.sys", agent)) {
        dbg::end_run(MPULAB_END_SCORE_DONE, STATUS_SUCCESS); // nobody to play a score: starting was all that was wanted
    }
    start_own_module("agent.sys", true);
}

void init_hal() {
    HAL_FAILURE failure;
    if (!HalInitSystem(&failure)) {
        dbg::say("hal: %s: 0x%I64x", failure.Text, failure.Value);
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_NO_SUCH_DEVICE));
    }
}

} // namespace
} // namespace nanont

/// Entered by the boot loader (include/nanont_boot.hpp): one CPU, interrupts off, on the stack that becomes the idle
/// thread's.
extern "C" [[noreturn]] VOID NTAPI KiSystemStartup(const nanont::BootBlock* boot) {
    using namespace nanont;
    const BootBlock block = *boot;
    dbg::init(block);
    ke::init_processor(ke::g_processors[0], 0); // descriptor tables, so that a fault is a report
    phase(MPULAB_PHASE_KERNEL);
    mm::init(block);  // pages and address space are ours; a null pointer faults from here on
    ldr::init(block); // reports can name modules
    mm::init_pool();
    ke::init_threads(block.stack_top - kKernelStackSize, block.stack_top);
    init_hal();          // interrupt controllers, time
    ldr::init_profile(); // before the shared page says which Windows this is
    ke::start_processors();
    ke::start_clock();
    dbg::publish_crash_data();
    ke::Thread* first = nullptr;
    if (!NT_SUCCESS(ke::create_thread(system_start, nullptr, kSystemPriority, &first))) {
        dbg::say("no memory for the first thread; expected 32 MB in the machine");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_NO_MEMORY));
    }
    ke::become_idle();
}
