// SPDX-License-Identifier: MIT
#include "pin.hpp"

#include "adapter.hpp"
#include "format_match.hpp"
#include "state_walk.hpp"
#include "time.hpp"

namespace portcls {
namespace {

constexpr ULONG kTimerResolution100ns = 10'000;
constexpr ULONG kServicePatienceMs = 5000;
LONG stream_count;

/** The pin's sink in the stream's service group: a small object of its own, never the pin itself (reference §7.2). */
class PinSink final : public ComObject<IServiceSink> {
  public:
    explicit PinSink(Pin& pin) : pin_(pin) {}
    STDMETHODIMP_(void) RequestService() override { pin_.service(); }

  private:
    Pin& pin_; // the pin removes this sink from its group before it goes
};

} // namespace

const KSDISPATCH_TABLE Pin::kDispatch = {device_control,
                                         KsDispatchInvalidDeviceRequest,
                                         KsDispatchInvalidDeviceRequest,
                                         KsDispatchInvalidDeviceRequest,
                                         close,
                                         KsDispatchInvalidDeviceRequest,
                                         KsDispatchInvalidDeviceRequest,
                                         nullptr,
                                         nullptr,
                                         nullptr};

Pin::Pin(Filter& filter, ULONG pin_id)
    : filter_(filter), pin_id_(pin_id), number_(static_cast<ULONG>(InterlockedIncrement(&stream_count))) {
    filter_.reference();
    control_.initialize();
    KeInitializeSpinLock(&lock_);
    KeInitializeSpinLock(&queue_lock_);
    InitializeListHead(&queue_);
}

/** State is STOP, the queue empty. Sink first, then the stream, then its group (reference §2.10 step 8). */
Pin::~Pin() {
    if (group() && sink_) group()->RemoveMember(sink_);
    KeFlushQueuedDpcs();
    if (power_notify_) power_notify_->Release();
    delete stream_;
    if (sink_) sink_->Release();
    filter_.dereference();
}

NTSTATUS Pin::create(Filter& filter, ULONG pin_id, KSDATAFORMAT& format, PIRP irp) {
    bool capture = filter.port().filter_description().ks_pins()[pin_id].DataFlow == KSPIN_DATAFLOW_OUT;
    PoolBuffer<FileContext> file(sizeof(FileContext));
    if (!file) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = KsAllocateObjectHeader(&file->header, 0, nullptr, irp, &kDispatch);
    if (!NT_SUCCESS(status)) return status;
    Pin* pin = capture ? new_capture_pin(filter, pin_id) : new_render_pin(filter, pin_id);
    status = pin ? pin->open(format, capture) : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status)) {
        delete pin;
        KsFreeObjectHeader(file->header);
        return status;
    }
    file->pin = pin;
    file->cleanup = cleanup;
    filter.port().link_pin(*pin);
    IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = file.release();
    return STATUS_SUCCESS;
}

NTSTATUS Pin::open(KSDATAFORMAT& format, bool capture) {
    format_ = format;
    format_.FormatSize = sizeof format_;
    sink_ = new (kObjectTag) PinSink(*this);
    if (!sink_) return STATUS_INSUFFICIENT_RESOURCES;
    if (IsEqualGUIDAligned(format.SubFormat, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)) layout_ = DataLayout::DirectMusic;
    NTSTATUS status = filter_.port().new_stream({*this, number_, pin_id_, capture, format}, stream_);
    if (!NT_SUCCESS(status)) return status;
    power_notify_ = query<IPowerNotify>(stream_->unknown(), IID_IPowerNotify).detach();
    if (capture && !group())
        DbgPrint("portcls.sys: NewStream gave no service group for a capture pin: nothing will ask it for data\n");
    if (group()) status = group()->AddMember(sink_);
    // Whether a MIDI stream ever sees SetFormat is not documented (reference §C.9); the same format must succeed.
    if (NT_SUCCESS(status) && stream_->takes_bytes() && trace::choose(NANONT_CHOICE_SET_FORMAT) == 1)
        status = stream_->set_format(format);
    return status;
}

int64_t Pin::stream_time() const {
    return clock_.time(now_100ns());
}

bool Pin::begin_service() {
    SpinLockGuard guard(lock_);
    if (serving_) {
        again_ = true;
        return false;
    }
    return serving_ = true;
}

bool Pin::end_service() {
    SpinLockGuard guard(lock_);
    if (again_) {
        again_ = false;
        return true;
    }
    serving_ = false;
    return false;
}

void Pin::abandon_service() {
    SpinLockGuard guard(lock_);
    serving_ = again_ = false;
}

void Pin::wait_for_service() {
    for (ULONG waited = 0;; ++waited) {
        {
            SpinLockGuard guard(lock_);
            if (!serving_) return;
        }
        if (waited == kServicePatienceMs) {
            DbgPrint("portcls.sys: stream %u: a service pass has not ended after %u ms\n", number_, waited);
            return;
        }
        sleep_ms(1);
    }
}

void Pin::leave_run() {
    clock_.pause(now_100ns());
    on_leave_run();
}

/** One step, with what hangs on it: the clock runs in RUN only, the 1 ms tick is held above STOP. */
NTSTATUS Pin::step(KSSTATE next) {
    auto from = state();
    const bool leaves = from == KSSTATE_RUN;
    const bool late = leaves && is_served_until_told();
    if (leaves && !late) leave_run();
    if (from == KSSTATE_STOP) ExSetTimerResolution(kTimerResolution100ns, TRUE);
    NTSTATUS status = stream_->set_state(next);
    if (late) leave_run();
    bool up = next > from;
    if (up && !NT_SUCCESS(status)) {
        if (from == KSSTATE_STOP) ExSetTimerResolution(0, FALSE);
        return status;
    }
    if (!up)
        trace::expect(47, NT_SUCCESS(status), static_cast<ULONG>(status), 0, "V47 SetState failed a downward step");
    if (next == KSSTATE_RUN) {
        if (clock_.time(now_100ns()) != 0 && trace::choose(NANONT_CHOICE_STREAM_CLOCK) == 1) clock_.reset();
        clock_.run(now_100ns());
    } else if (next == KSSTATE_STOP) {
        clock_.reset();
        on_stop();
        cancel_queue();
        ExSetTimerResolution(0, FALSE);
    }
    return status;
}

NTSTATUS Pin::walk(KSSTATE target) {
    NTSTATUS status = walk_state(state_, target, [this](uint32_t next) { return step(static_cast<KSSTATE>(next)); });
    if (running()) on_run();
    return status;
}

NTSTATUS Pin::set_state(KSSTATE target) {
    if (target < KSSTATE_STOP || target > KSSTATE_RUN) return STATUS_INVALID_PARAMETER;
    ControlGuard guard(control_);
    if (filter_.port().is_removed() && target > state()) return STATUS_DEVICE_NOT_CONNECTED;
    // Without power it goes as far as PAUSE, and resume() takes it the last step.
    suspended_ = target == KSSTATE_RUN && !filter_.port().is_powered();
    return walk(suspended_ ? KSSTATE_PAUSE : target);
}

void Pin::stop() {
    ControlGuard guard(control_);
    walk(KSSTATE_STOP);
    on_stop(); // what was sent in STOP waits there, too
    cancel_queue();
}

void Pin::suspend() {
    ControlGuard guard(control_);
    if (state() != KSSTATE_RUN) return; // or it has been suspended: a deeper sleep leaves that as it is
    suspended_ = true;
    walk(KSSTATE_PAUSE);
}

void Pin::resume() {
    ControlGuard guard(control_);
    if (suspended_) walk(KSSTATE_RUN);
    suspended_ = false;
}

void Pin::notify_power(POWER_STATE power) {
    if (!power_notify_) return;
    trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, power.DeviceState);
    call.begin(*power_notify_, &IPowerNotify::PowerChangeNotify, power);
    call.leave();
}

Pin& Pin::of(PIRP irp) {
    return *static_cast<FileContext*>(IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext)->pin;
}

void Pin::cleanup(FileContext& file) {
    file.pin->stop();
}

NTSTATUS NTAPI Pin::close(PDEVICE_OBJECT, PIRP irp) {
    PFILE_OBJECT object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    auto* file = static_cast<FileContext*>(object->FsContext);
    object->FsContext = nullptr;
    KsFreeObjectHeader(file->header);
    Pin* pin = file->pin;
    Filter& filter = pin->filter_;
    ULONG pin_id = pin->pin_id_;
    pin->stop();
    filter.reference();
    filter.port().unlink_pin(*pin);
    delete pin;
    filter.uncount_pin(pin_id);
    filter.dereference();
    ExFreePoolWithTag(file, kObjectTag.value);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI Pin::device_control(PDEVICE_OBJECT device, PIRP irp) {
    ULONG code = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode;
    Pin& pin = of(irp);
    NTSTATUS status;
    if (code == IOCTL_KS_PROPERTY || code == IOCTL_KS_ENABLE_EVENT || code == IOCTL_KS_DISABLE_EVENT) {
        status = code == IOCTL_KS_PROPERTY       ? pin.property(irp)
                 : code == IOCTL_KS_ENABLE_EVENT ? pin.enable_event(irp)
                                                 : pin.port().events().disable(irp);
        if (status == STATUS_PENDING) return status;
        return complete(irp, status, irp->IoStatus.Information);
    }
    if (code == pin.stream_control_code()) {
        ControlGuard guard(pin.control_);
        status = pin.filter_.port().is_removed() ? STATUS_DEVICE_NOT_CONNECTED : pin.submit(irp);
        return status == STATUS_PENDING ? status : complete(irp, status);
    }
    return KsDefaultDeviceIoCompletion(device, irp);
}

} // namespace portcls
