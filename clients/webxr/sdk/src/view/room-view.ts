/**
 * What a session knows of its room: people and things, from events (SPEC section 12). Pure.
 *
 * Knowing is not seeing: who is known may be far away. `sight.ts` has what is in sight.
 */
import type {
  DoneMessage,
  GoneMessage,
  JoinedMessage,
  ObjectsMessage,
  Person,
  RoomStateMessage,
  RosterMessage,
  Thing,
} from "../generated.js";

/** What changes the view. */
type RoomEvent = JoinedMessage | RosterMessage | ObjectsMessage | GoneMessage | RoomStateMessage | DoneMessage;

export class RoomView {
  /** By entity id, oneself included. */
  readonly people = new Map<number, Person>();
  /** By entity id. */
  readonly things = new Map<number, Thing>();
  isLocked = false;

  /** Know nothing. */
  forget(): void {
    this.people.clear();
    this.things.clear();
    this.isLocked = false;
  }

  /** Tell which of these entities are known people, and which known things. */
  split(entities: readonly number[]): { people: readonly number[]; things: readonly number[] } {
    return {
      people: entities.filter((entity) => this.people.has(entity)),
      things: entities.filter((entity) => this.things.has(entity)),
    };
  }

  /** Take over what an event says of the room. */
  receive(event: RoomEvent): void {
    switch (event.type) {
      case "joined":
        this.forget();
        this.isLocked = event.locked;
        break;
      case "roster":
        for (const person of event.people) this.people.set(person.entity, person);
        break;
      case "objects":
        for (const thing of event.things) this.things.set(thing.entity, thing);
        break;
      case "gone":
        for (const entity of event.entities) {
          this.people.delete(entity);
          this.things.delete(entity);
        }
        break;
      case "room_state":
        this.isLocked = event.locked;
        break;
      case "done":
        this.refresh(event.entity, event.version);
        break;
    }
  }

  /** A command's answer may tell an object's new version before the objects event does. */
  private refresh(entity: number, version: number): void {
    const thing = this.things.get(entity);
    if (thing !== undefined && version > thing.version) this.things.set(entity, { ...thing, version });
  }
}
