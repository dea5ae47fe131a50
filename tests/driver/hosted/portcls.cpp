// SPDX-License-Identifier: MIT
// PortCls for the hosted driver: just enough of each object, and what it must complain about.
#include "kernel.hpp"

namespace {

using nt::Status;
using nt::Ulong;

Kernel& kernel() {
    return Kernel::current();
}

class HostedResourceList final : public Counted<nt::ResourceList> {
  public:
    HostedResourceList(int& live, std::vector<nt::Resource> resources)
        : Counted(live), resources_(std::move(resources)) {}
    MS_ABI Ulong NumberOfEntries() override { return static_cast<Ulong>(resources_.size()); }
    MS_ABI Ulong NumberOfEntriesOfType(int type) override {
        return static_cast<Ulong>(
            std::count_if(resources_.begin(), resources_.end(), [&](const auto& r) { return r.type == type; }));
    }
    MS_ABI nt::Resource* FindTranslatedEntry(int type, Ulong index) override {
        for (nt::Resource& resource : resources_) {
            if (resource.type == type && index-- == 0) return &resource;
        }
        return nullptr;
    }
    MS_ABI nt::Resource* FindUntranslatedEntry(int, Ulong) override {
        FAIL_CHECK("an untranslated resource was asked for");
        return nullptr;
    }

  private:
    std::vector<nt::Resource> resources_;
};

class HostedServiceGroup final : public Counted<nt::ServiceGroup> {
  public:
    using Counted::Counted;
    MS_ABI void RequestService() override {
        if (requested_) return; // coalesced
        requested_ = true;
        AddRef();
        kernel().queue_call([this] {
            requested_ = false;
            if (kernel().on_service) kernel().on_service();
            Release();
        });
    }
    MS_ABI Status AddMember(nt::Unknown*) override { return nt::kSuccess; }
    MS_ABI void RemoveMember(nt::Unknown*) override {}

  private:
    bool requested_ = false;
};

class HostedInterruptSync final : public Counted<nt::InterruptSync> {
  public:
    using Counted::Counted;
    ~HostedInterruptSync() override {
        if (kernel().interrupt_connected) FAIL_CHECK("an interrupt was released while connected");
    }
    MS_ABI Status CallSynchronizedRoutine(Routine routine, void* context) override {
        if (!kernel().interrupt_connected) FAIL_CHECK("CallSynchronizedRoutine without a connected interrupt");
        const uint8_t before = kernel().raise(nt::kDirql);
        const Status status = routine(this, context);
        kernel().lower(before);
        return status;
    }
    MS_ABI void* GetKInterrupt() override { return nullptr; }
    MS_ABI Status Connect() override {
        kernel().require_irql(nt::kPassive, "IInterruptSync::Connect");
        if (routine_ == nullptr) FAIL_CHECK("Connect without a service routine");
        if (!kernel().may_go_on()) return nt::kInsufficientResources;
        kernel().connect(this, routine_, context_);
        routine_(this, context_); // it may come this very moment
        return nt::kSuccess;
    }
    MS_ABI void Disconnect() override {
        kernel().require_irql(nt::kPassive, "IInterruptSync::Disconnect");
        if (!kernel().interrupt_connected) FAIL_CHECK("Disconnect without Connect");
        kernel().connect(nullptr, nullptr, nullptr);
    }
    MS_ABI Status RegisterServiceRoutine(Routine routine, void* context, uint8_t) override {
        if (kernel().interrupt_connected) FAIL_CHECK("RegisterServiceRoutine after Connect");
        if (!kernel().may_go_on()) return nt::kInsufficientResources;
        routine_ = routine;
        context_ = context;
        return nt::kSuccess;
    }

  private:
    Routine routine_ = nullptr;
    void* context_ = nullptr;
};

class HostedPort final : public Counted<nt::PortMidi> {
  public:
    using Counted::Counted;
    ~HostedPort() override {
        if (miniport_ != nullptr) {
            kernel().miniport = nullptr;
            miniport_->Release();
        }
        if (group_ != nullptr) group_->Release();
    }
    MS_ABI Status Init(void*, void*, nt::Unknown* unknown, nt::Unknown*, nt::ResourceList* list) override {
        kernel().require_irql(nt::kPassive, "IPort::Init");
        if (!kernel().may_go_on()) return nt::kInsufficientResources;
        void* found = nullptr;
        if (!nt::success(unknown->QueryInterface(nt::kIidMiniportMidi, &found))) return nt::kInvalidParameter;
        miniport_ = static_cast<nt::Miniport*>(found);
        auto* group = reinterpret_cast<nt::ServiceGroup*>(0xA5A5A5A5);
        const Status status = miniport_->Init(nullptr, list, this, &group);
        if (!nt::success(status)) {
            CHECK(group == nullptr);
            return status;
        }
        CHECK(group == group_);
        group->Release(); // the reference that came with it; RegisterServiceGroup took another
        void* descriptor = nullptr;
        CHECK(miniport_->GetDescription(&descriptor) == nt::kSuccess);
        CHECK(descriptor != nullptr);
        kernel().miniport = miniport_;
        return nt::kSuccess;
    }
    MS_ABI Status GetDeviceProperty(int, Ulong, void*, Ulong*) override { return nt::kUnsuccessful; }
    MS_ABI Status NewRegistryKey() override { return nt::kUnsuccessful; }
    MS_ABI void Notify(nt::ServiceGroup* group) override {
        if (group == nullptr || group != group_) FAIL_CHECK("Notify with another group than the registered one");
        if (group != nullptr) group->RequestService();
    }
    MS_ABI void RegisterServiceGroup(nt::ServiceGroup* group) override {
        group->AddRef();
        group_ = group;
    }

  private:
    nt::Miniport* miniport_ = nullptr;
    nt::ServiceGroup* group_ = nullptr;
};

MS_ABI Status initialize_adapter_driver(nt::DriverObject* driver, void*, nt::AddDevice add_device) {
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    kernel().add_device = add_device;
    for (nt::Dispatch& slot : driver->major_function)
        slot = nullptr;
    return nt::kSuccess;
}

MS_ABI Status add_adapter_device(void*, void*, nt::StartDevice start, Ulong objects, Ulong extension_size) {
    CHECK(objects >= 1);
    CHECK((extension_size == 0 || extension_size >= 0x200));
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    kernel().start_routine = start;
    kernel().extension.assign(extension_size, 0);
    kernel().device.extension = kernel().extension.data();
    return nt::kSuccess;
}

MS_ABI Status new_port(nt::PortMidi** port, const nt::Guid& id) {
    kernel().require_irql(nt::kPassive, "PcNewPort");
    CHECK((id == nt::kClsidPortMidi));
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    *port = new HostedPort(kernel().live_objects);
    return nt::kSuccess;
}

MS_ABI Status new_service_group(nt::ServiceGroup** group, nt::Unknown*) {
    kernel().require_irql(nt::kPassive, "PcNewServiceGroup");
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    *group = new HostedServiceGroup(kernel().live_objects);
    return nt::kSuccess;
}

MS_ABI Status new_interrupt_sync(nt::InterruptSync** sync, nt::Unknown*, nt::ResourceList*, Ulong index, int mode) {
    kernel().require_irql(nt::kPassive, "PcNewInterruptSync");
    CHECK(index == 0);
    CHECK(mode == 1);
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    *sync = new HostedInterruptSync(kernel().live_objects);
    return nt::kSuccess;
}

MS_ABI Status register_subdevice(void*, const char16_t* name, nt::Unknown* unknown) {
    kernel().require_irql(nt::kPassive, "PcRegisterSubdevice");
    CHECK(kernel().image().contains(reinterpret_cast<uintptr_t>(name))); // it must outlive the device
    if (!kernel().may_go_on()) return nt::kInsufficientResources;
    unknown->AddRef();
    kernel().subdevice = unknown;
    kernel().subdevice_name = name;
    return nt::kSuccess;
}

MS_ABI Status dispatch_irp(void*, nt::Irp* irp) {
    kernel().require_irql(nt::kPassive, "PcDispatchIrp");
    const uint8_t minor = irp->stack_location[1];
    if (minor == nt::kRemoveDevice || minor == nt::kStopDevice) {
        kernel().unregister();
        kernel().ports_ours = false;
    } else if (minor == nt::kSurpriseRemoval) {
        kernel().ports_ours = false;
    }
    return nt::kSuccess;
}

MS_ABI uint64_t time_interval(uint64_t since) {
    kernel().spend(100); // reading a clock takes time too
    return kernel().card.now_100ns() - since;
}

template <class F> void* address(F* function) {
    return reinterpret_cast<void*>(function);
}

} // namespace

nt::ResourceList* new_resource_list(Kernel& kernel, const std::vector<nt::Resource>& resources) {
    return new HostedResourceList(kernel.live_objects, resources);
}

void* find_portcls_export(const std::string& name) {
    static const std::map<std::string, void*> exports = {
        {"PcInitializeAdapterDriver", address(initialize_adapter_driver)},
        {"PcAddAdapterDevice", address(add_adapter_device)},
        {"PcNewPort", address(new_port)},
        {"PcNewServiceGroup", address(new_service_group)},
        {"PcNewInterruptSync", address(new_interrupt_sync)},
        {"PcRegisterSubdevice", address(register_subdevice)},
        {"PcDispatchIrp", address(dispatch_irp)},
        {"PcGetTimeInterval", address(time_interval)},
    };
    const auto found = exports.find(name);
    return found != exports.end() ? found->second : nullptr;
}
