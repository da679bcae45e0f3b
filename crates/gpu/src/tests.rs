//! The runtime on a software adapter.

use super::*;

/// A software GPU; without one there is nothing to test.
fn gpu() -> Gpu {
    Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"))
}

const DOUBLE: &str = "
    @group(0) @binding(0) var<storage, read> values: array<u32>;
    @group(0) @binding(1) var<storage, read_write> doubled: array<u32>;
    @compute @workgroup_size(64)
    fn double(@builtin(global_invocation_id) id: vec3<u32>) {
        if id.x < arrayLength(&values) { doubled[id.x] = values[id.x] * 2; }
    }";

fn double() -> KernelSpec {
    KernelSpec {
        source: DOUBLE.into(),
        entry: "double",
        slots: [SlotKind::Storage, SlotKind::StorageMut].map(Slot::new).to_vec(),
    }
}

const FILL: &str = "
    @vertex fn whole(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
        return vec4(f32(i & 1) * 4 - 1, f32(i >> 1) * 4 - 1, 0.5, 1);
    }
    @fragment fn slope(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
        return vec4(floor(at.x) / 255, floor(at.y) / 255, 0, 1);
    }";

fn fill(format: Format, samples: u32) -> PipelineSpec {
    PipelineSpec {
        source: FILL.into(),
        vertex: "whole",
        fragment: Some("slope"),
        constants: Vec::new(),
        groups: Vec::new(),
        streams: Vec::new(),
        primitive: Primitive::Triangles,
        clockwise: false,
        culling: Culling::None,
        color: Some((format, Blending::Replace)),
        depth: Some(Depth { write: true, bias: (0, 0) }),
        samples,
    }
}

#[test]
fn kernels_compute_on_buffers() {
    let gpu = gpu();
    let kernel = gpu.kernel(&double()).unwrap();
    let input: Vec<u32> = (0..1000).collect();
    let values = gpu.buffer(Use::Storage, &input).unwrap();
    let doubled = gpu.zeros::<u32>(Use::Storage, input.len()).unwrap();
    let bindings = gpu.bind(kernel.layout(), &[(&values).into(), (&doubled).into()]).unwrap();
    let mut commands = gpu.commands();
    commands.run(&kernel, &bindings, [1000_u32.div_ceil(64), 1, 1]).unwrap();
    commands.submit().unwrap();
    let expected: Vec<u32> = input.iter().map(|value| value * 2).collect();
    assert_eq!(gpu.read(&doubled).unwrap(), expected);
}

#[test]
fn passes_draw_into_targets_that_are_read_back() {
    let gpu = gpu();
    for samples in [1, 4] {
        let spec = TargetSpec { width: 100, height: 7, color: Some(Format::Rgba8), depth: true, samples };
        let target = gpu.target(spec).unwrap();
        let pipeline = gpu.pipeline(&fill(Format::Rgba8, samples)).unwrap();
        let mut commands = gpu.commands();
        commands.draw(&target, [0.0; 4], |pass| {
            pass.pipeline(&pipeline);
            pass.draw(0..3, 0..1);
        });
        commands.submit().unwrap();
        let pixels = gpu.read_pixels(target.color().unwrap()).unwrap();
        assert_eq!(pixels.len(), 700);
        assert!(pixels.iter().enumerate().all(|(i, p)| *p == [(i % 100) as u8, (i / 100) as u8, 0, 255]));
    }
}

#[test]
fn floats_are_read_back_as_they_are() {
    let gpu = gpu();
    let spec = TargetSpec { width: 3, height: 2, color: Some(Format::Rgba32Float), depth: false, samples: 1 };
    let target = gpu.target(spec).unwrap();
    let mut commands = gpu.commands();
    commands.draw(&target, [0.25, -2.0, 1e6, 1.0], |_| {});
    commands.submit().unwrap();
    assert_eq!(gpu.read_floats(target.color().unwrap()).unwrap(), [[0.25, -2.0, 1e6, 1.0]; 6]);
}

#[test]
fn what_is_wrong_is_refused() {
    let gpu = gpu();
    let source = "fn broken( {".into();
    let shader = gpu.kernel(&KernelSpec { source, ..double() }).unwrap_err();
    assert!(matches!(&shader, GpuError::Invalid { what, .. } if what == "a shader"), "{shader}");
    let slots = vec![Slot::new(SlotKind::Uniform)];
    let kernel = gpu.kernel(&KernelSpec { slots, ..double() }).unwrap_err();
    assert!(matches!(&kernel, GpuError::Invalid { what, .. } if what == "a kernel"), "{kernel}");
    let spec = TargetSpec { width: 0, height: 2, color: Some(Format::Rgba32Float), depth: false, samples: 1 };
    assert!(matches!(gpu.target(spec).unwrap_err(), GpuError::Invalid { .. }));
    // Nothing of it is left.
    gpu.kernel(&double()).unwrap();
}

#[test]
fn limits_are_checked_before() {
    let gpu = gpu();
    let side = gpu.limits().texture_side;
    let spec =
        TargetSpec { width: side + 1, height: 1, color: Some(Format::Rgba8), depth: false, samples: 1 };
    assert!(matches!(gpu.target(spec), Err(GpuError::TooLarge { .. })));
    let bytes = usize::try_from(gpu.limits().buffer_bytes).unwrap();
    assert!(matches!(gpu.zeros::<u32>(Use::Vertices, bytes / 4 + 1), Err(GpuError::TooLarge { .. })));
    let kernel = gpu.kernel(&double()).unwrap();
    let values = gpu.buffer(Use::Storage, &[1_u32]).unwrap();
    let doubled = gpu.zeros::<u32>(Use::Storage, 1).unwrap();
    let bindings = gpu.bind(kernel.layout(), &[(&values).into(), (&doubled).into()]).unwrap();
    let many = gpu.commands().run(&kernel, &bindings, [u32::MAX, 1, 1]);
    assert!(matches!(many, Err(GpuError::TooLarge { .. })));
    let uniform = usize::try_from(gpu.limits().uniform_bytes).unwrap() / 4 + 1;
    assert!(matches!(gpu.zeros::<u32>(Use::Uniform, uniform), Err(GpuError::TooLarge { .. })));
    let storage = usize::try_from(gpu.limits().storage_bytes).unwrap() / 4 + 1;
    assert!(matches!(gpu.lend::<u32>(storage), Err(GpuError::TooLarge { .. })));
    assert!(matches!(gpu.lend::<u32>(usize::MAX), Err(GpuError::TooLarge { .. })));
}

#[test]
fn a_lost_device_is_opened_anew() {
    let shared = Shared::new(Choice::Cpu);
    let lost = shared.gpu().unwrap();
    let buffer = lost.buffer(Use::Storage, &[1_u32]).unwrap();
    lost.close();
    assert!(matches!(lost.buffer(Use::Storage, &[1_u32]), Err(GpuError::Lost { .. })));
    assert!(matches!(lost.lend_with(&[1_u32]), Err(GpuError::Lost { .. })));
    assert!(matches!(lost.read(&buffer), Err(GpuError::Lost { .. })));
    assert!(matches!(lost.commands().submit(), Err(GpuError::Lost { .. })));
    let read = |gpu: &Gpu| gpu.read(&gpu.buffer(Use::Storage, &[1_u32, 2])?);
    assert_eq!(read(&shared.gpu().unwrap()).unwrap(), [1, 2]);

    // Lost while it works.
    let turns = std::cell::Cell::new(0);
    let work = |gpu: &Gpu| {
        turns.set(turns.get() + 1);
        if turns.get() == 1 {
            gpu.close();
        }
        read(gpu)
    };
    assert_eq!(shared.run(work, |error| matches!(error, GpuError::Lost { .. })).unwrap(), [1, 2]);
    assert_eq!(turns.get(), 2);
}

#[test]
fn buffers_are_used_again_but_not_before_their_commands_are_submitted() {
    let gpu = gpu();
    let kernel = gpu.kernel(&double()).unwrap();
    let values = gpu.lend_with(&[1_u32, 2, 3]).unwrap();
    let doubled = gpu.lend::<u32>(3).unwrap();
    let bindings = gpu.bind(kernel.layout(), &[(&values).into(), (&doubled).into()]).unwrap();
    let mut commands = gpu.commands();
    commands.run(&kernel, &bindings, [1, 1, 1]).unwrap();
    drop((values, bindings));
    assert_eq!(gpu.pool().held().0, 0);
    let other = gpu.lend_with(&[7_u32, 7, 7]).unwrap();
    commands.submit().unwrap();
    assert_eq!(gpu.pool().held().0, 1);
    assert_eq!(gpu.read(&doubled).unwrap(), [2, 4, 6]);
    drop((other, doubled));
    let (count, bytes) = gpu.pool().held();
    drop(gpu.lend::<u32>(2).unwrap());
    assert_eq!(gpu.pool().held(), (count, bytes));
    // Odd bytes lie in whole words.
    let odd = gpu.lend_with(b"seven b").unwrap();
    assert_eq!(gpu.read(&odd).unwrap(), b"seven b");
    // However much was lent, little is kept.
    drop((0..200).map(|_| gpu.lend::<u32>(1 << 20).unwrap()).collect::<Vec<_>>());
    let (count, bytes) = gpu.pool().held();
    assert!(count <= 128 && bytes <= 256 << 20, "{count} buffers of {bytes} bytes");
}

#[test]
fn reading_need_not_wait() {
    let gpu = gpu();
    let values: Vec<u32> = (0..100_000).collect();
    let buffer = gpu.lend_with(&values).unwrap();
    // One is given up before it is there.
    drop(gpu.start_reading(&buffer).unwrap());
    let mut reading = gpu.start_reading(&buffer).unwrap();
    while !reading.is_done().unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(reading.wait().unwrap(), values);
    assert_eq!(gpu.read(&gpu.lend::<u32>(0).unwrap()).unwrap(), [0_u32; 0]);
}

#[test]
fn time_on_the_device_is_given_where_it_is_taken() {
    let gpu = gpu();
    let kernel = gpu.kernel(&double()).unwrap();
    let values = gpu.zeros::<u32>(Use::Storage, 1 << 20).unwrap();
    let doubled = gpu.zeros::<u32>(Use::Storage, 1 << 20).unwrap();
    let bindings = gpu.bind(kernel.layout(), &[(&values).into(), (&doubled).into()]).unwrap();
    let mut commands = gpu.commands();
    let ((), timing) = commands.timed(|commands| commands.run(&kernel, &bindings, [1 << 14, 1, 1])).unwrap();
    commands.submit().unwrap();
    let taken = timing.nanoseconds().unwrap();
    assert_eq!(taken.is_some(), gpu.has_timestamps());
    assert!(taken.is_none_or(|nanoseconds| nanoseconds > 0.0), "{taken:?}");
}

/// What was saved, by name.
#[derive(Default)]
struct Saved(std::sync::Mutex<std::collections::HashMap<String, Vec<u8>>>);

impl PipelineStore for Saved {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn save(&self, name: &str, bytes: &[u8]) {
        self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }
}

#[test]
fn pipelines_are_kept_and_what_is_damaged_is_made_again() {
    let saved = std::sync::Arc::new(Saved::default());
    let run = || {
        let gpu = Gpu::open_with(&Choice::Cpu, Some(saved.clone())).unwrap();
        gpu.kernel(&double()).unwrap();
        gpu.pipeline(&fill(Format::Rgba8, 1)).unwrap();
    };
    run();
    let whole = saved.0.lock().unwrap().clone();
    assert_eq!(whole.len(), 1, "lavapipe offers a cache");
    run();
    let damages: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes.truncate(50), |bytes| bytes[45] ^= 1, |bytes| bytes.clear()];
    for damage in damages {
        saved.0.lock().unwrap().values_mut().for_each(damage);
        run();
        assert!(
            saved.0.lock().unwrap().values().all(|bytes| bytes.starts_with(b"MBPIPE01") && bytes.len() > 50)
        );
    }
}

#[test]
fn what_is_the_same_is_made_once() {
    let gpu = gpu();
    let one = gpu.pipeline(&fill(Format::Rgba8, 1)).unwrap();
    let again = gpu.pipeline(&fill(Format::Rgba8, 1)).unwrap();
    let other = gpu.pipeline(&fill(Format::Rgba8Srgb, 1)).unwrap();
    assert!(one.raw == again.raw && one.raw != other.raw);
}

#[test]
fn a_device_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Gpu>();
    assert!(adapters().iter().any(|adapter| adapter.kind == Kind::Software && !adapter.driver.is_empty()));
}
