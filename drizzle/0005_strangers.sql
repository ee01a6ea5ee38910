CREATE TABLE `event_surplus` (
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`since` integer NOT NULL,
	`written` integer NOT NULL,
	`more` integer NOT NULL,
	PRIMARY KEY(`kind`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `history_boundary` (
	`id` integer PRIMARY KEY NOT NULL,
	`before` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `__new_looks` (
	`moderator_id` text NOT NULL,
	`registration_id` text NOT NULL,
	`at` integer NOT NULL,
	`stream` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`moderator_id`, `stream`),
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
INSERT INTO `__new_looks`("moderator_id", "registration_id", "at", "stream") SELECT "moderator_id", "registration_id", "at", '' FROM `looks`;--> statement-breakpoint
DROP TABLE `looks`;--> statement-breakpoint
ALTER TABLE `__new_looks` RENAME TO `looks`;--> statement-breakpoint
CREATE INDEX `looks_by_registration` ON `looks` (`registration_id`);--> statement-breakpoint
ALTER TABLE `attempts` ADD `count` integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
-- The audit trail has an end: what is older than the boundary may go, while its registration is not there any more. The
-- boundary goes forward alone, and what is younger than 30 days by the database's own clock stays, wherever it stands.
INSERT INTO history_boundary (id, before) VALUES (1, 0);
--> statement-breakpoint
CREATE TRIGGER history_boundary_alone BEFORE INSERT ON history_boundary
BEGIN SELECT RAISE(ABORT, 'the audit trail has one boundary'); END;
--> statement-breakpoint
CREATE TRIGGER history_boundary_not_deleted BEFORE DELETE ON history_boundary
BEGIN SELECT RAISE(ABORT, 'the audit trail has one boundary'); END;
--> statement-breakpoint
CREATE TRIGGER history_boundary_forward BEFORE UPDATE ON history_boundary
WHEN NEW.id <> 1 OR NEW.before < OLD.before OR NEW.before > (strftime('%s', 'now') - 2592000) * 1000
BEGIN SELECT RAISE(ABORT, 'the boundary of the audit trail only goes forward, and not to the last 30 days'); END;
--> statement-breakpoint
DROP TRIGGER events_not_deleted;
--> statement-breakpoint
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events
WHEN OLD.at >= (SELECT before FROM history_boundary) OR OLD.at >= (strftime('%s', 'now') - 2592000) * 1000
  OR EXISTS (SELECT 1 FROM registrations WHERE id = OLD.registration_id)
BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END;
--> statement-breakpoint
-- What was not written one by one stands in one event, which says how many.
DROP TRIGGER tallies_of_event;
--> statement-breakpoint
CREATE TRIGGER tallies_of_event AFTER INSERT ON events BEGIN
  INSERT INTO tallies (day, what, count)
    VALUES (strftime('%Y-%m-%d', NEW.at / 1000, 'unixepoch'), 'event:' || NEW.kind,
      CASE WHEN json_valid(NEW.detail) THEN coalesce(json_extract(NEW.detail, '$.more'), 1) ELSE 1 END)
    ON CONFLICT (day, what) DO UPDATE SET count = count + excluded.count;
END;
