; HEADER_BLOCK_START
; BambuStudio 01.09.05.51
; model printing time: 12m 30s; total estimated time: 1h 18m 40s
; total layer number: 50
; total filament length [mm] : 1234.50,65.50
; total filament weight [g] : 3.70,0.20
; model label id: 15
; HEADER_BLOCK_END

; CONFIG_BLOCK_START
; filament_type = PLA;PETG
; layer_height = 0.2
; thumbnail_size = 50x50
; CONFIG_BLOCK_END

; EXECUTABLE_BLOCK_START
M73 P0 R78
M201 X20000 Y20000 Z500 E5000
G28
; CHANGE_LAYER
; Z_HEIGHT: 0.2
; LAYER_HEIGHT: 0.2
M620 S0A
M1002 gcode_claim_action : 0
G1 X10 Y10 Z0.2 F9000
; EXECUTABLE_BLOCK_END
