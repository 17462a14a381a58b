// The composition root: makes the stage, the player, the session's state and the UI, and ties them together.
export {};
