//! One body of code, compiled for the baseline processor and for AVX2, chosen when it runs.
//!
//! Fused multiply-add stays off on purpose: without it both versions round alike, so pixels do not depend on the
//! processor.

/// A piece of work on slices whose inner loops gain from wide registers.
pub trait Kernel {
    /// What the work gives.
    type Output;

    /// Does the work; implementations are `#[inline(always)]`, so that [`run`] compiles them for each processor.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` with the widest registers that the processor has.
#[inline]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, checked on the line above.
            return unsafe { with_avx2(kernel) };
        }
    }
    kernel.run()
}
