// SPDX-License-Identifier: MIT
// One open pin. Both directions are thin: the queues and their timing belong to Output and Input, which live as long as
// the miniport and so need not care whether a stream exists.
#pragma once

#include "com_ptr.hpp"
#include "miniport.hpp"

namespace mpusynth {

class MidiStream : public IMiniportMidiStream, public CUnknown {
  public:
    /// A stream with one reference, which is the caller's; NULL when there is no memory. PASSIVE_LEVEL.
    static MidiStream* create(MidiMiniport& miniport, PUNKNOWN outer, POOL_TYPE pool, bool capture);
    MidiStream(const MidiStream&) = delete;
    MidiStream& operator=(const MidiStream&) = delete;

    DECLARE_STD_UNKNOWN()

    // IMiniportMidiStream. SetFormat, SetState: PASSIVE_LEVEL; Read, Write: DISPATCH_LEVEL.
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT format) override;
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override;
    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG bytes_read) override;
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG bytes_written) override;

  protected:
    MidiStream(MidiMiniport& miniport, PUNKNOWN outer, bool capture) : CUnknown(outer), capture_(capture) {
        miniport_.copy_from(&miniport);
    }
    [[nodiscard]] MidiMiniport& miniport() const { return *miniport_.get(); }
    [[nodiscard]] bool running() const { return running_; }

    /// Into and out of RUN. PASSIVE_LEVEL.
    virtual void run() = 0;
    virtual void halt() = 0;

    /// Both keep the device from going meanwhile (life()). PASSIVE_LEVEL.
    [[nodiscard]] bool enter_run(); // false: it is gone already
    void leave_run();

  private:
    ComPtr<MidiMiniport> miniport_;
    const bool capture_;
    bool running_ = false;
};

class RenderStream final : public MidiStream {
  public:
    RenderStream(MidiMiniport& miniport, PUNKNOWN outer) : MidiStream(miniport, outer, false) {}
    ~RenderStream();
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG bytes_written) override;

  private:
    void run() override;
    void halt() override;
};

class CaptureStream final : public MidiStream {
  public:
    CaptureStream(MidiMiniport& miniport, PUNKNOWN outer) : MidiStream(miniport, outer, true) {}
    ~CaptureStream();
    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG bytes_read) override;

  private:
    void run() override;
    void halt() override;
};

} // namespace mpusynth
