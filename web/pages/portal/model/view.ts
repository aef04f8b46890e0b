// A shape that can be turned, by pointer and by keys. It is drawn when something changes and not otherwise.
import { BufferAttribute, BufferGeometry, Color, DirectionalLight, DoubleSide, GridHelper, HemisphereLight, Mesh, MeshStandardMaterial, OrthographicCamera, Scene, Sphere, Vector3, WebGLRenderer } from 'three';
import type { Figures } from './measure.js';
import type { Shape } from './thin.js';

const STEP = Math.PI / 24;
const ZOOM = 1.15;
const HOME = { turn: -0.96, tilt: 0.49, zoom: 1 };

export class View {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #centre = new Vector3();
  #radius = 1;
  #at = { ...HOME };
  #asked = false;

  /**
   * What would draw here. Without a graphics chip the processor does, so slowly that all pages of the browser wait for it: nothing that begins unasked. (`failIfMajorPerformanceCaveat` is meant to tell and does not, in Chromium
   * 156 for one.)
   */
  static means(): 'chip' | 'processor' | 'nothing' {
    const context = document.createElement('canvas').getContext('webgl2');
    if (context === null) {
      return 'nothing';
    }
    const name = String(context.getParameter(context.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
    context.getExtension('WEBGL_lose_context')?.loseContext();
    return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name) ? 'processor' : 'chip';
  }

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.#camera.up.set(0, 0, 1);
    const light = new DirectionalLight(0xffffff, 2.2);
    light.position.set(-0.4, -1, 1.6);
    this.#camera.add(light);
    this.#scene.add(this.#camera, new HemisphereLight(0xffffff, 0x55585e, 1.4));
    canvas.addEventListener('keydown', (event) => { this.#key(event); });
    canvas.addEventListener('wheel', (event) => { this.#wheel(event); }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener('pointermove', (event) => { this.#drag(event); });
    new ResizeObserver(() => { this.#draw(); }).observe(canvas);
  }

  show(shape: Shape, figures: Figures): void {
    for (const old of this.#scene.children.filter((child) => child instanceof Mesh || child instanceof GridHelper)) {
      this.#scene.remove(old);
      old.geometry.dispose();
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(shape.positions, 3));
    geometry.setIndex(new BufferAttribute(shape.index, 1));
    const [low, high] = [new Vector3(...figures.min), new Vector3(...figures.max)];
    this.#centre.addVectors(low, high).multiplyScalar(0.5);
    this.#radius = low.distanceTo(high) / 2;
    // Told, so that nobody goes through all corners to find it.
    geometry.boundingSphere = new Sphere(this.#centre.clone(), this.#radius);
    const colour = new Color(getComputedStyle(this.canvas).color);
    this.#scene.add(new Mesh(geometry, new MeshStandardMaterial({ color: colour, flatShading: true, side: DoubleSide, roughness: 0.75 })));
    const side = 10 * Math.max(1, Math.ceil((2.4 * this.#radius) / 10));
    const grid = new GridHelper(side, Math.min(100, side / 10), colour, colour);
    grid.rotation.x = Math.PI / 2;
    grid.position.set(this.#centre.x, this.#centre.y, low.z);
    grid.material.transparent = true;
    grid.material.opacity = 0.25;
    this.#scene.add(grid);
    this.#at = { ...HOME };
    this.#draw();
  }

  #key(event: KeyboardEvent): void {
    const at = this.#at;
    switch (event.key) {
      case 'ArrowLeft': at.turn -= STEP; break;
      case 'ArrowRight': at.turn += STEP; break;
      case 'ArrowUp': at.tilt += STEP; break;
      case 'ArrowDown': at.tilt -= STEP; break;
      case '+': case '=': at.zoom *= ZOOM; break;
      case '-': at.zoom /= ZOOM; break;
      case 'Home': this.#at = { ...HOME }; break;
      default: return;
    }
    event.preventDefault();
    this.#draw();
  }

  #wheel(event: WheelEvent): void {
    // The page scrolls unless the model has been chosen to be worked with.
    if (document.activeElement === this.canvas) {
      event.preventDefault();
      this.#at.zoom *= event.deltaY < 0 ? ZOOM : 1 / ZOOM;
      this.#draw();
    }
  }

  #drag(event: PointerEvent): void {
    if (this.canvas.hasPointerCapture(event.pointerId)) {
      this.#at.turn -= event.movementX / 120;
      this.#at.tilt += event.movementY / 120;
      this.#draw();
    }
  }

  #draw(): void {
    if (!this.#asked) {
      this.#asked = true;
      requestAnimationFrame(() => {
        this.#asked = false;
        this.#render();
      });
    }
  }

  #render(): void {
    const at = this.#at;
    at.tilt = Math.min(1.5, Math.max(-1.5, at.tilt));
    at.zoom = Math.min(40, Math.max(0.3, at.zoom));
    const [width, height] = [this.canvas.clientWidth || 1, this.canvas.clientHeight || 1];
    const reach = this.#radius / at.zoom;
    const [x, y] = width > height ? [(reach * width) / height, reach] : [reach, (reach * height) / width];
    Object.assign(this.#camera, { left: -x, right: x, top: y, bottom: -y, near: 0, far: 8 * this.#radius });
    const away = new Vector3(Math.cos(at.turn) * Math.cos(at.tilt), Math.sin(at.turn) * Math.cos(at.tilt), Math.sin(at.tilt));
    this.#camera.position.copy(this.#centre).addScaledVector(away, 4 * this.#radius);
    this.#camera.lookAt(this.#centre);
    this.#camera.updateProjectionMatrix();
    this.#renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.#renderer.setSize(width, height, false);
    this.#renderer.render(this.#scene, this.#camera);
    this.canvas.dataset['drawn'] = `${at.turn.toFixed(2)} ${at.tilt.toFixed(2)} ${at.zoom.toFixed(2)}`;
  }
}
