# Renders models with Blender: blender -b --factory-startup --python-exit-code 1 --python blender.py -- JOB.json
#
# The job: the `size` of shaded pictures, `factor` by which flat ones are larger, the camera (`eye`, `target`, `fieldOfView` in degrees from the lower to the upper edge),
# and pictures, each of a model, with a `flat` and a `shaded` path, and a `traced` one or none. Places are in the space of glTF, where y is up.
# A picture with a `sun` (`position`, `target`, `intensity` in lux) has that light alone; else the model's own lights shine.
import json
import math
import sys

import bpy
import numpy
from mathutils import Matrix, Vector

# The glTF importer of Blender 3.4 uses a name that numpy 1.24 has dropped.
numpy.bool = bool

# From glTF's axes to Blender's.
TURN = Matrix.Rotation(math.pi / 2, 4, "X")


def load(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    extension = path.rsplit(".", 1)[-1].lower()
    if extension in ("gltf", "glb"):
        # One lux is one watt per square metre, as the units of both are used without the eye's sensitivity.
        bpy.ops.import_scene.gltf(filepath=path, convert_lighting_mode="COMPAT")
    elif extension == "obj":
        bpy.ops.wm.obj_import(filepath=path, forward_axis="NEGATIVE_Z", up_axis="Y")
    else:
        read = {"stl": bpy.ops.import_mesh.stl, "ply": bpy.ops.import_mesh.ply}[extension]
        read(filepath=path)
        for thing in bpy.context.scene.objects:
            thing.matrix_world = TURN @ thing.matrix_world


def look(thing, eye, target):
    eye, target = TURN @ Vector(eye), TURN @ Vector(target)
    thing.location = eye
    thing.rotation_mode = "QUATERNION"
    thing.rotation_quaternion = (target - eye).to_track_quat("-Z", "Y")


def add(name, data):
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def stage(job, picture):
    scene = bpy.context.scene
    view = bpy.data.cameras.new("view")
    view.sensor_fit = "VERTICAL"
    view.angle = math.radians(job["fieldOfView"])
    view.clip_start, view.clip_end = job["near"], job["far"]
    scene.camera = add("view", view)
    look(scene.camera, job["eye"], job["target"])
    for thing in list(scene.objects):
        if thing.type == "LIGHT" and "sun" in picture:
            bpy.data.objects.remove(thing)
        elif thing.type == "LIGHT":
            thing.data.shadow_soft_size = 0
            if thing.data.type == "SUN":
                thing.data.angle = 0
    if "sun" in picture:
        light = bpy.data.lights.new("sun", "SUN")
        light.energy, light.angle = picture["sun"]["intensity"], 0
        light.shadow_cascade_max_distance = job["far"]
        look(add("sun", light), picture["sun"]["position"], picture["sun"]["target"])
    world = bpy.data.worlds.new("black")
    world.color = (0, 0, 0)
    scene.world = world
    scene.frame_set(0)
    scene.render.film_transparent = True
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.render.dither_intensity = 0


def still(engine, size, path):
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.engine = engine
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)


def draw(job, picture):
    load(picture["model"])
    stage(job, picture)
    scene = bpy.context.scene
    scene.display.render_aa = "OFF"
    scene.display.shading.light = "FLAT"
    still("BLENDER_WORKBENCH", [side * job["factor"] for side in job["size"]], picture["flat"])
    scene.eevee.taa_render_samples = 16
    scene.eevee.use_soft_shadows = False
    scene.eevee.shadow_cascade_size = "4096"
    scene.eevee.shadow_cube_size = "4096"
    scene.eevee.light_threshold = 0
    still("BLENDER_EEVEE", job["size"], picture["shaded"])
    if "traced" in picture:
        scene.cycles.samples = 16
        scene.cycles.use_adaptive_sampling = False
        scene.cycles.use_denoising = False
        # Light comes from lights alone, as in the others.
        scene.cycles.max_bounces = 0
        scene.cycles.pixel_filter_type = "BOX"
        still("CYCLES", job["size"], picture["traced"])


with open(sys.argv[sys.argv.index("--") + 1]) as file:
    job = json.load(file)
for picture in job["pictures"]:
    draw(job, picture)
