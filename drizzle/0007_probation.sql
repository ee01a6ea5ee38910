ALTER TABLE `registrations` ADD `probation` text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `probation_until` integer;--> statement-breakpoint
ALTER TABLE `registrations` ADD `approval` text;--> statement-breakpoint
CREATE INDEX `registrations_on_probation` ON `registrations` (`queue_at`,`id`) WHERE probation_until is not null;