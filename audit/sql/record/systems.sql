-- The systems of the register by name.
select system_id, name from core.systems order by system_id
