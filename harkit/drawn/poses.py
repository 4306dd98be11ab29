"""The poses: a table of joint angles in degrees (see skeleton.py), by family."""

from harkit.drawn.skeleton import Pose, pose

STANDING = {
    "stand": pose(out=9, elbow=14, inward=15, ankle=-2, spread=3),
    "stand_hip_shot": pose(bend=6, out=10, elbow=18, hip_right=12, knee_right=20, spread_left=4, tilt=-5),
    "walk": pose(lean=4, hip_right=26, knee_right=8, hip_left=-20, knee_left=22, shoulder_right=-18, shoulder_left=20,
                 elbow=22, out=6, ankle_left=-12),
    "lean_back": pose(lean=-6, hip=14, knee=8, out=10, elbow=24, nod=6),
    "bow": pose(lean=24, out=8, elbow=30, shoulder=18, hip=6, knee=10, nod=6),
}  # fmt: skip
SEATED = {
    "sit": pose(lean=2, hip=86, knee=86, out=8, shoulder=22, elbow=48, inward=12, spread=7),
    "sit_forward": pose(lean=22, hip=86, knee=92, shoulder=28, elbow=46, out=6, inward=20, spread=10, nod=4),
    "sit_legs_crossed": pose(lean=-4, hip_right=100, cross_right=18, knee_right=74, spread_right=-14, hip_left=84,
                             knee_left=86, shoulder=26, elbow=52, inward=25, out=6),
    "lounge": pose(lean=-16, hip=76, knee=58, spread=9, shoulder=14, elbow=44, out=18, inward=15, nod=12),
    "sit_knees_together": pose(lean=4, hip=86, knee=100, spread=-2, out=4, shoulder=24, elbow=55, inward=30),
}  # fmt: skip
ON_FLOOR = {
    "cross_legged": pose(lean=6, hip=82, spread=44, cross=58, knee=118, shoulder=28, elbow=46, out=10, inward=10),
    "knees_up": pose(lean=14, hip=118, knee=112, spread=6, shoulder=52, elbow=36, out=4, inward=12),
    "legs_out": pose(lean=-10, hip=82, knee=6, spread=9, shoulder=-24, out=18, elbow=8, ankle=5),
    "kneel": pose(lean=8, hip=58, knee=140, ankle=-40, shoulder=20, elbow=50, out=6),
}  # fmt: skip
LYING = {
    "on_side": pose(pitch=90, spin=-78, lean=14, hip=42, knee=58, hip_right=24, shoulder=62, elbow=84, nod=10,
                    inward=20,
                    out=-6),
    "on_back": pose(pitch=90, spin=-18, out=16, elbow=22, spread=7, hip_right=26, knee_right=44, tilt=-8),
    "on_belly": pose(pitch=-90, spin=8, shoulder=150, out=30, elbow=70, inward=60, gaze=62, spread=9, nod=-12),
    "curled": pose(pitch=90, spin=-84, lean=34, hip=84, knee=98, shoulder=58, elbow=112, nod=22, inward=30),
}  # fmt: skip
NODDING_OFF = {
    "slump": pose(lean=58, hip=86, knee=92, shoulder=64, elbow=112, inward=62, out=14, nod=10, tilt=34, spread=6),
    "doze": pose(lean=-12, hip=80, knee=64, spread=8, shoulder=16, elbow=62, inward=40, out=8, nod=30, tilt=24),
}  # fmt: skip
RIDING = {
    "ride": pose(lean=34, nod=-24),
    "ride_upright": pose(lean=14, nod=-8),
    "ride_low": pose(lean=52, nod=-38),
}  # fmt: skip
RUNNING = {
    "run_flight": pose(lean=14, hip_right=58, knee_right=72, hip_left=-24, knee_left=62, shoulder_right=-42,
                       shoulder_left=42, elbow=86, out=8, ankle_left=-28, twist=10),
    "run_push": pose(lean=18, hip_right=72, knee_right=96, hip_left=-28, knee_left=14, shoulder_right=-48,
                     shoulder_left=50, elbow=92, out=8, ankle_left=-30, twist=12),
    "run_land": pose(lean=10, hip_right=38, knee_right=12, hip_left=-18, knee_left=98, shoulder_right=-34,
                     shoulder_left=34, elbow=88, out=8, ankle_left=-30, twist=8),
    "sprint": pose(lean=26, hip_right=92, knee_right=100, hip_left=-32, knee_left=24, shoulder_right=-56,
                   shoulder_left=74, elbow=88, out=6, ankle_left=-34, twist=14),
}  # fmt: skip
DANCING = {
    "disco": pose(bend=10, shoulder_right=20, out_right=145, elbow_right=6, out_left=42, elbow_left=96, inward_left=80,
                  spread=14, knee_right=26, hip_right=24, gaze=-16),
    "arms_up": pose(bend=-10, out=142, elbow=36, inward=-40, hip_left=28, knee_left=44, spread=9, tilt=12, twist=14),
    "kick": pose(lean=-10, hip_right=78, knee_right=16, knee_left=8, out=84, elbow=16, twist=-12, ankle_right=-40),
    "leap": pose(lean=4, hip_right=78, knee_right=14, hip_left=-34, knee_left=26, spread=10, out=96, elbow=12,
                 ankle=-40, shoulder_right=30),
    "arabesque": pose(lean=32, hip_left=-34, knee_left=10, hip_right=30, shoulder_right=120, shoulder_left=-30,
                      out_left=60, elbow=8, ankle_left=-45, nod=-20),
    "twirl": pose(bend=8, out_right=150, elbow_right=46, inward_right=-50, out_left=76, elbow_left=30, hip_right=46,
                  knee_right=104, cross_right=30, spread_right=24, tilt=8),
    "groove": pose(lean=12, bend=-12, hip=34, knee=52, spread=16, shoulder=36, elbow=94, out=30, twist=18, nod=-6),
    "hips": pose(bend=-16, spread=14, hip_right=16, knee_right=28, out_right=60, elbow_right=110, inward_right=-60,
                 out_left=118, elbow_left=52, inward_left=-50, tilt=14),
}  # fmt: skip
FIGHTING = {
    "punch": pose(lean=16, twist=26, shoulder_right=88, elbow_right=4, shoulder_left=48, elbow_left=126, out=8,
                  inward_left=20, hip_left=34, knee_left=36, hip_right=-16, knee_right=16, spread=9, nod=-4),
    "hook": pose(lean=10, twist=34, shoulder_right=84, out_right=56, elbow_right=74, inward_right=84, shoulder_left=46,
                 elbow_left=122, hip_left=30, knee_left=38, hip_right=-14, knee_right=22, spread=10),
    "guard": pose(lean=12, shoulder=56, elbow=128, out=10, inward=14, hip_left=34, knee_left=48, hip_right=-8,
                  knee_right=34, spread=11, nod=14),
    "high_kick": pose(lean=-28, bend=10, hip_right=104, knee_right=14, hip_left=6, knee_left=12, shoulder=40, elbow=104,
                      out=26, ankle_right=10, spread_right=10),
    "reel": pose(lean=-26, nod=-24, tilt=16, shoulder=38, out=58, elbow=48, hip_right=34, knee_right=30, hip_left=8,
                 knee_left=20, spread=9),
    "shove": pose(lean=26, shoulder=82, elbow=26, out=8, hip_right=-22, knee_right=14, hip_left=42, knee_left=48),
    "crouch": pose(lean=38, shoulder=70, elbow=132, out=14, hip=44, knee=58, spread=12, nod=22),
}  # fmt: skip
FLOOR_WORK = {
    "push_up_high": pose(pitch=-72, shoulder=84, elbow=6, hip=-2, ankle=-30, nod=-20),
    "push_up_low": pose(pitch=-84, shoulder=40, elbow=86, out=34, ankle=-30, nod=-25),
    "sit_up": pose(pitch=62, lean=30, hip=84, knee=104, shoulder=120, elbow=120, out=24, nod=18),
    "crunch_down": pose(pitch=90, hip=62, knee=104, shoulder=130, elbow=120, out=24, nod=12),
}  # fmt: skip
REACHING = {
    "pick_up": pose(lean=84, hip=38, knee=44, shoulder=74, elbow=12, out=4, nod=-10, ankle=6),
    "squat": pose(lean=42, hip=104, knee=122, shoulder=76, elbow=22, out=6, spread=12, ankle=24),
    "tie_shoe": pose(lean=66, hip_right=112, knee_right=98, hip_left=18, knee_left=112, ankle_left=-45, shoulder=72,
                     elbow=30, nod=8, out=3, inward=12),
}  # fmt: skip
FALLING = {
    "trip": pose(lean=34, pitch=-14, hip_right=52, knee_right=42, hip_left=-18, knee_left=24, shoulder=78, out=40,
                 elbow=28, nod=-16),
    "dive": pose(pitch=-52, lean=10, hip_right=22, knee_right=36, hip_left=-12, knee_left=44, shoulder=118, out=22,
                 elbow=22, nod=-24),
    "face_down": pose(pitch=-88, hip_right=14, knee_right=38, spread=13, shoulder=142, out=34, elbow=52, inward=40,
                      gaze=48, nod=-8),
    "slip": pose(pitch=26, lean=-8, hip_right=64, knee_right=22, hip_left=24, knee_left=34, shoulder=52, out=64,
                 elbow=28, nod=18),
    "sit_back": pose(pitch=50, lean=18, hip=78, knee=46, shoulder=-38, out=36, elbow=24, nod=22),
    "face_up": pose(pitch=90, hip_right=28, knee_right=48, spread=12, out=58, elbow=26, shoulder=10, tilt=14),
    "topple": pose(pitch=18, spin=-62, bend=22, hip_right=38, knee_right=44, hip_left=10, out_right=86, out_left=46,
                   elbow=26, tilt=-14),
    "side_hit": pose(pitch=62, spin=-86, bend=16, hip=46, knee=52, out_right=102, shoulder_left=44, elbow=34, tilt=-20),
    "side_down": pose(pitch=90, spin=-88, hip_right=22, hip_left=50, knee=56, shoulder_right=126, shoulder_left=48,
                      elbow=44, tilt=-8),
    "rolled_side": pose(pitch=-90, spin=-82, hip_right=22, hip_left=50, knee=56, shoulder_right=126, shoulder_left=48,
                        elbow=44, tilt=8),
    "slide_off": pose(pitch=-16, lean=34, bend=18, hip=74, knee=96, shoulder=64, out=26, elbow=30, nod=10),
    "tumble": pose(pitch=-58, spin=-38, lean=26, hip=58, knee=78, shoulder=84, out=20, elbow=34, nod=-6),
    "on_knee": pose(lean=26, hip_right=92, knee_right=96, hip_left=6, knee_left=100, ankle_left=-40, shoulder=42,
                    elbow=22, out=12),
    "all_fours": pose(pitch=-66, lean=6, hip=72, knee=86, ankle=-40, shoulder=76, elbow=8, nod=-12),
}  # fmt: skip

FAMILIES: dict[str, dict[str, Pose]] = {
    "standing": STANDING | RUNNING | DANCING | FIGHTING,
    "seated": SEATED | NODDING_OFF,
    "floor": ON_FLOOR,
    "lying": LYING,
    "riding": RIDING,
    "acted": FLOOR_WORK | REACHING | FALLING,
}
POSES: dict[str, Pose] = {name: angles for family in FAMILIES.values() for name, angles in family.items()}
FAMILY: dict[str, str] = {name: family for family, poses in FAMILIES.items() for name in poses}
