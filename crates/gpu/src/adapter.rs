//! Adapters: which there are, and which one is taken.

use std::fmt;

use crate::GpuError;

/// Which adapter is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The fastest: a card before a graphics unit of the processor before software.
    #[default]
    Auto,
    /// One in software, such as lavapipe: the same everywhere.
    Cpu,
    /// One whose name holds this, whatever the case.
    Named(String),
}

impl From<&str> for Choice {
    /// `auto`, `cpu`, or a part of a name.
    fn from(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "auto" | "" => Choice::Auto,
            "cpu" => Choice::Cpu,
            _ => Choice::Named(text.to_owned()),
        }
    }
}

/// What an adapter is made of, from fast to slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A card with memory of its own.
    Discrete,
    /// A part of the processor.
    Integrated,
    /// A card that a virtual machine lends.
    Virtual,
    /// Software.
    Software,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Discrete => "discrete",
            Kind::Integrated => "integrated",
            Kind::Virtual => "virtual",
            Kind::Software => "software",
        })
    }
}

/// What is known of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub kind: Kind,
    /// Its driver, with the version.
    pub driver: String,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.kind, self.driver)
    }
}

impl Adapter {
    /// What wgpu says of it.
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => Kind::Discrete,
            wgpu::DeviceType::IntegratedGpu => Kind::Integrated,
            wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => Kind::Virtual,
            wgpu::DeviceType::Cpu => Kind::Software,
        };
        let driver = [info.driver, info.driver_info].join(" ").trim().to_owned();
        Adapter { name: info.name, kind, driver }
    }
}

/// The adapters of this machine; none where there is no driver.
pub fn adapters() -> Vec<Adapter> {
    found().iter().map(Adapter::of).collect()
}

/// The adapters of this machine, as wgpu has them. No display is opened.
pub(crate) fn found() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN;
    // Every draw is made from counts that were checked on this side; nothing is drawn indirectly.
    descriptor.flags = wgpu::InstanceFlags::empty();
    pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(wgpu::Backends::VULKAN))
}

/// The place of the adapter that is meant.
///
/// # Errors
/// None fits.
pub(crate) fn choose(choice: &Choice, adapters: &[Adapter]) -> Result<usize, GpuError> {
    let fastest = |fits: &dyn Fn(&Adapter) -> bool| {
        let fitting = adapters.iter().enumerate().filter(|(_, adapter)| fits(adapter));
        fitting.min_by_key(|(_, adapter)| adapter.kind).map(|(place, _)| place)
    };
    match choice {
        Choice::Auto => fastest(&|_| true).ok_or(GpuError::NoAdapter { wanted: "GPU" }),
        Choice::Cpu => fastest(&|adapter| adapter.kind == Kind::Software)
            .ok_or(GpuError::NoAdapter { wanted: "software GPU (lavapipe)" }),
        Choice::Named(_) if adapters.is_empty() => Err(GpuError::NoAdapter { wanted: "GPU" }),
        Choice::Named(name) => {
            let wanted = name.to_lowercase();
            fastest(&|adapter| adapter.name.to_lowercase().contains(&wanted)).ok_or_else(|| {
                let known: Vec<String> = adapters.iter().map(|adapter| adapter.name.clone()).collect();
                GpuError::UnknownAdapter { nearest: nearest(&wanted, &known), name: name.clone(), known }
            })
        }
    }
}

/// The name with a word that is like the wanted one, if there is one.
fn nearest(wanted: &str, names: &[String]) -> Option<String> {
    let words = |name: &str| -> Vec<String> {
        let name = name.to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let like = |name: &&String| base::nearest(wanted, words(name).iter().map(String::as_str)).is_some();
    names.iter().find(like).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<Adapter> {
        let adapter =
            |name: &str, kind| Adapter { name: name.to_owned(), kind, driver: "driver 1".to_owned() };
        vec![
            adapter("llvmpipe (LLVM 15.0.6, 256 bits)", Kind::Software),
            adapter("Intel UHD Graphics", Kind::Integrated),
            adapter("NVIDIA GeForce", Kind::Discrete),
        ]
    }

    #[test]
    fn choices_pick_by_kind_and_by_name() {
        assert_eq!(choose(&Choice::from("auto"), &machine()), Ok(2));
        assert_eq!(choose(&Choice::from("CPU"), &machine()), Ok(0));
        assert_eq!(choose(&Choice::from("uhd"), &machine()), Ok(1));
        assert_eq!(choose(&Choice::Auto, &machine()[..2]), Ok(1));
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let error = choose(&Choice::from("nvidea"), &machine()).unwrap_err().to_string();
        assert!(error.contains("'Intel UHD Graphics'"), "{error}");
        assert!(error.contains("did you mean 'NVIDIA GeForce'?"), "{error}");
        let error = choose(&Choice::from("voodoo"), &machine()).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn without_a_driver_the_error_names_the_packages() {
        for choice in [Choice::Auto, Choice::Cpu, Choice::from("nvidia")] {
            let error = choose(&choice, &[]).unwrap_err().to_string();
            assert!(error.contains("mesa-vulkan-drivers") && error.contains("libvulkan1"), "{error}");
        }
    }
}
